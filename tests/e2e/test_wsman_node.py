"""The messages of the npm package wsman-messages, as consoles of Intel's toolkit send them, over HTTPS."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from esmd.wbem.connection import Response
from tests.e2e.managers import connected
from tests.esmd.wbem.wsman.asking import DMTF, Answer
from tests.running import PASSWORD, PROJECT, RunningAgent

MODULES = PROJECT / ".tox" / "node" / "node_modules"
CONSOLE = PROJECT / "tests" / "e2e" / "console.js"


@pytest.fixture(scope="module", autouse=True)
def package() -> None:
    """What script/test installs."""
    if not (MODULES / "@device-management-toolkit" / "wsman-messages").is_dir():
        missing = "the npm package @device-management-toolkit/wsman-messages"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"missing on this machine: {missing}")


def console(agent: RunningAgent, *steps: list[Any], base: str = f"{DMTF}/") -> list[Answer]:
    asked = {
        "port": agent.wsman_port,
        "ca": str(agent.certificate),
        "user": "admin",
        "password": PASSWORD,
        "base": base,
        "steps": steps,
    }
    done = subprocess.run(
        ["node", str(CONSOLE)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "NODE_PATH": str(MODULES)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(steps)
    return [Answer(Response(each["status"], (), each["body"].encode())) for each in answers]


pytestmark = pytest.mark.needs("node", "npm")


@pytest.mark.parametrize("classname", ["ESM_Processor", "CIM_Processor", "ESM_FileSystemThread"])
def test_enumerate_and_pull(agent: RunningAgent, classname: str) -> None:
    """999 items and 99,999 characters at a time, in the default namespace, as the package asks for."""
    opened, pulled = console(agent, ["Enumerate", classname], ["Pull", classname, "CONTEXT"])
    assert (opened.status, pulled.status) == (200, 200)
    assert (opened.value("s:Header/a:RelatesTo"), pulled.value("s:Header/a:RelatesTo")) == ("0", "1")
    items = pulled.all("s:Body/e:PullResponse/e:Items/*")
    with connected(agent) as connection:
        assert len(items) == len(connection.EnumerateInstanceNames(classname))
    assert pulled.find("s:Body/e:PullResponse/e:EndOfSequence") is not None


def test_get(agent: RunningAgent) -> None:
    (got,) = console(agent, ["Get", "ESM_Alive", {"name": "InstanceID", "value": "ESM:Alive"}])
    assert got.value("s:Body/*/{*}InstanceID") == "ESM:Alive"


def test_create(agent: RunningAgent) -> None:
    """The package has no selector for the namespace: it goes into the URI."""
    new = {"Name": "by-node", "Query": "SELECT * FROM ESM_AlertIndication", "QueryLanguage": "WQL"}
    base = f"{DMTF}/root/interop/"
    created, again = console(
        agent,
        ["protectedCreate", "CIM_IndicationFilter", new, None],
        ["protectedCreate", "CIM_IndicationFilter", new, None],
        base=base,
    )
    assert created.find("s:Body/x:ResourceCreated").findtext(".//{*}Selector[@Name='Name']") == "by-node"
    assert again.fault[0] == "wsman:AlreadyExists"
    with connected(agent) as connection:
        found = [
            path
            for path in connection.EnumerateInstanceNames("CIM_IndicationFilter", "root/interop")
            if path["Name"] == "by-node"
        ]
        connection.DeleteInstance(found[0])


def test_faults(agent: RunningAgent) -> None:
    """What the machine has not, and what nobody may do; the package can select by one key only."""
    same = {"InstanceID": "ESM:Alive", "ElementName": "ESM_Alive"}
    answers = console(
        agent,
        ["Get", "ESM_Nothing", {"name": "InstanceID", "value": "x"}],
        ["protectedPut", "ESM_Alive", same, True],
        ["protectedDelete", "ESM_Alive", {"name": "InstanceID", "value": "ESM:Alive"}],
        ["protectedRequestStateChange", "ESM_Processor", f"{DMTF}/ESM_Processor/RequestStateChange", 2],
    )
    assert [(each.status, each.fault[0]) for each in answers] == [
        (400, "wsa:DestinationUnreachable"),
        (400, "wsa:ActionNotSupported"),
        (400, "wsa:ActionNotSupported"),
        (400, "wsa:ActionNotSupported"),
    ]
