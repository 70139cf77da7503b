import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from esmctl.main import main
from esmd.tls import ensure_certificate
from openesm.settings import Tls
from tests.running import free_ports

PASSWORD = "secret word"


def free_offset() -> int:
    """A --port-offset with which both ports of the agent are free."""
    while True:
        https_port = free_ports(1)[0]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", https_port - 1))
            return https_port - 5989


@contextmanager
def serving(folder: Path, password: str | None) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """An agent started as script/server does, with what it shows until it is ready."""
    env = {**os.environ, "OPENESM_BCRYPT_COST": "4"}
    if password is not None:
        env["OPENESM_PASSWORD"] = password
    argv = [sys.executable, "-m", "esmctl.serve", "--state", str(folder), "--port-offset", str(free_offset())]
    with (folder.parent / "log").open("w") as log:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
    assert process.stdout
    try:
        yield process, list(until_ready(process.stdout))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def until_ready(output: IO[str]) -> Iterator[str]:
    for line in output:
        yield line.rstrip("\n")
        if line == "openesm: ready\n":
            return


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_first_start_shows_a_password_once_and_stops_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path / "run", None) as (process, shown):
        assert shown[-1] == "openesm: ready", (tmp_path / "log").read_text()
        password = shown[0].rpartition(" ")[2]
        assert [password in line for line in shown] == [True] + [False] * (len(shown) - 1)
        assert main(["status", "--socket", str(tmp_path / "run" / "esmd.sock")]) == 0
        process.send_signal(stop)
        assert process.wait() == 0
    assert password not in (tmp_path / "log").read_text()
    with serving(tmp_path / "run", None) as (_, shown):
        assert shown[0].startswith("To try")


def test_password_of_the_environment_and_a_second_agent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "word").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "word"))
    with serving(tmp_path / "run", PASSWORD) as (process, shown):
        assert not any(PASSWORD in line for line in shown)
        url = next(re.findall(r"https:[^ ]+", line)[0] for line in shown if "pywbemcli -s" in line)
        remote = ["status", "--server", url, "--user", "admin", "--password-file", str(tmp_path / "word")]
        assert main([*remote, "--ca", str(tmp_path / "run" / "tls" / "server.pem")]) == 0
        assert "AgentVersion" in capsys.readouterr().out
        assert main(remote) == 1
        argv = [sys.executable, "-m", "esmctl.serve", "--state", str(tmp_path / "run")]
        second = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"is used by another agent: {process.pid} (" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.needs("wbemcli", "curl")
@pytest.mark.parametrize("stronger", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_what_is_shown_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stronger: str | None
) -> None:
    for name in "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE":
        monkeypatch.delenv(name, raising=False)
    if stronger:  # a certificate that has nothing to do with the agent's
        another = Tls(cert=tmp_path / "other" / "another.pem", key=tmp_path / "other" / "another.key")
        ensure_certificate(another, ["localhost"])
        monkeypatch.setenv(stronger, str(another.cert))
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with serving(tmp_path / "run", "secret-word") as (_, shown):
        lines = [
            line.strip().replace("PASSWORD", "secret-word") for line in shown[1:] if line.startswith("  ")
        ]
        programs_shown = [re.search(r"wbemcli|pywbemcli|curl", line) for line in lines[:-1]]
        assert [found and found[0] for found in programs_shown] == ["wbemcli", "pywbemcli", "curl", "curl"]
        for line in lines:
            done = subprocess.run(
                ["sh", "-c", line],
                env={**os.environ, "PATH": programs},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "ESM_" in done.stdout or "ready" in done.stdout, line
