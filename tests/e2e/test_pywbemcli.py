"""pywbemcli as administrators use it, plain and over TLS: command -> exit status and what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import openesm
from tests.running import PASSWORD, RunningAgent

PROGRAM = shutil.which(
    "pywbemcli", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
)
pytestmark = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"), reason="pywbemcli is not installed"
)


class Pywbemcli:
    def __init__(self, agent: RunningAgent, scheme: str, folder: Path) -> None:
        self._url = agent.http if scheme == "http" else agent.https
        self._trust = ["--ca-certs", str(agent.certificate)] if scheme == "https" else ["--no-verify"]
        self._env = {**os.environ, "HOME": str(folder), "PYWBEMCLI_TERMWIDTH": "200"}

    def run(self, *command: str, ns: str = "root/ESMPRO/AS", form: str = "mof") -> tuple[int, str, str]:
        assert PROGRAM is not None
        head = [PROGRAM, "-s", self._url, "-u", "admin", "-p", PASSWORD, "-d", ns, "-o", form, *self._trust]
        done = subprocess.run(
            [*head, *command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self._env,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, done.stdout, done.stderr

    def good(self, *command: str, **how: Any) -> str:
        status, out, err = self.run(*command, **how)
        assert (status, err) == (0, ""), f"{command}: {err}{out}"
        return out


@pytest.fixture(scope="module", params=["http", "https"])
def cli(
    agent: RunningAgent, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Pywbemcli:
    return Pywbemcli(agent, request.param, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(["class", "tree"], ["CIM_ManagedElement", "ESM_Processor"], id="class tree"),
        pytest.param(
            ["class", "get", "ESM_Alive"],
            ["class ESM_Alive : CIM_ManagedElement", "AliveTime"],
            id="class get",
        ),
        pytest.param(["class", "enumerate", "CIM_Processor", "--no"], ["ESM_Processor"], id="class names"),
        pytest.param(
            ["instance", "enumerate", "ESM_Alive"], ["instance of ESM_Alive", '"ESM:Alive"'], id="instances"
        ),
        pytest.param(["instance", "enumerate", "ESM_Processor", "--no"], ['DeviceID="_Total"'], id="names"),
        pytest.param(
            ["instance", "get", 'ESM_Alive.InstanceID="ESM:Alive"'], ["instance of ESM_Alive"], id="get"
        ),
        pytest.param(["instance", "get", "ESM_Alive.?"], ["instance of ESM_Alive"], id="get the only one"),
        pytest.param(
            ["instance", "associators", "CIM_ComputerSystem.?", "--no"],
            ["ESM_Processor", "ESM_Network"],
            id="associators",
        ),
        pytest.param(
            ["instance", "references", "CIM_ComputerSystem.?", "--no"], ["ESM_SystemDevice"], id="references"
        ),
        pytest.param(["instance", "shrub", "CIM_ComputerSystem.?"], ["ESM_SystemDevice"], id="shrub"),
        pytest.param(["qualifier", "get", "Key"], ["Qualifier Key : boolean = false"], id="qualifier get"),
        pytest.param(["qualifier", "enumerate"], ["Qualifier Association : boolean"], id="qualifiers"),
    ],
)
def test_shown(cli: Pywbemcli, command: list[str], shown: list[str]) -> None:
    out = cli.good(*command)
    assert [text for text in shown if text not in out] == []


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(["class", "find", "ESM_Alive"], ["root/ESMPRO/AS", "ESM_Alive"], id="class find"),
        pytest.param(["profile", "list"], ["OpenESM Server Management Agent"], id="profile list"),
        pytest.param(["profile", "centralinsts"], ["CIM_ComputerSystem"], id="central instances"),
        pytest.param(["namespace", "list"], ["interop", "root/ESMPRO/AS"], id="namespace list"),
        pytest.param(["server", "info"], [openesm.__version__, "interop"], id="server info"),
        pytest.param(["instance", "count", "ESM_*"], ["ESM_Alive", "ESM_Processor"], id="count"),
        pytest.param(["statistics", "reset"], [], id="statistics reset"),
        pytest.param(["statistics", "show"], [], id="statistics show"),
        pytest.param(["connection", "test"], ["Connection OK"], id="connection test"),
        pytest.param(["connection", "show"], ["root/ESMPRO/AS"], id="connection show"),
    ],
)
def test_tables(cli: Pywbemcli, command: list[str], shown: list[str]) -> None:
    out = cli.good(*command, form="simple")
    assert [text for text in shown if text not in out] == []


@pytest.mark.parametrize(
    ("command", "shown"), [(["namespace", "interop"], "interop"), (["server", "brand"], "OpenESM")]
)
def test_one_word(cli: Pywbemcli, command: list[str], shown: str) -> None:
    assert cli.good(*command, form="text").strip() == shown


def test_connection_test_pulls(cli: Pywbemcli) -> None:
    out = cli.good("connection", "test", "--test-pull", form="simple")
    assert "Pull Operation test results" in out
    assert "OK" in out
    assert "Not" not in out.replace("Not supported", "") or "not supported" not in out.lower()


def test_timing_of_a_command(cli: Pywbemcli, agent: RunningAgent) -> None:
    out = cli.good("-T", "instance", "enumerate", "ESM_Alive", form="simple")
    assert "OpenEnumerateInstances" in out, "the pulled operation was used, not a plain one in its place"


def test_xml_of_an_instance(cli: Pywbemcli) -> None:
    out = cli.good("instance", "get", "ESM_Alive.?", form="xml")
    assert '<INSTANCE CLASSNAME="ESM_Alive">' in out


def test_count_is_what_there_is(cli: Pywbemcli) -> None:
    names = cli.good("instance", "enumerate", "ESM_Processor", "--no").split()
    out = cli.good("instance", "count", "ESM_Processor", form="plain")
    counted = [line.split() for line in out.splitlines() if "ESM_Processor" in line]
    assert [int(line[-1]) for line in counted] == [len(names)]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["class", "get", "ESM_None"], "CIM_ERR_NOT_FOUND"),
        (["instance", "enumerate", "ESM_None"], "CIM_ERR_INVALID_CLASS"),
        (["instance", "get", 'ESM_Alive.InstanceID="x"'], "CIM_ERR_NOT_FOUND"),
        (["instance", "delete", 'ESM_Alive.InstanceID="ESM:Alive"'], "CIM_ERR_NOT_SUPPORTED"),
        (["instance", "query", "SELECT", "--query-language", "WQL"], "CIM_ERR_INVALID_QUERY"),
        (
            ["instance", "query", "SELECT", "--query-language", "SQL"],
            "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED",
        ),
    ],
)
def test_refused(cli: Pywbemcli, command: list[str], error: str) -> None:
    status, out, err = cli.run(*command)
    assert status == 1
    assert error in out + err
    assert "Traceback" not in out + err


def test_no_trust_no_answer(agent: RunningAgent, tmp_path: Path) -> None:
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, "-s", agent.https, "-u", "admin", "-p", PASSWORD, "namespace", "list"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert "certificate" in (done.stdout + done.stderr).lower()
