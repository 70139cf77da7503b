"""SEC-41: a document type is refused, and nothing that it names is opened or asked for."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.running import RunningAgent, eventually
from tests.security.wire import ask, call, request

CANARY = "/etc/openesm-canary"
EXTERNAL = {
    "general entity": f'<!DOCTYPE CIM [<!ENTITY x SYSTEM "file://{CANARY}">]>',
    "parameter entity": f'<!DOCTYPE CIM [<!ENTITY % x SYSTEM "file://{CANARY}"> %x;]>',
    "external subset": f'<!DOCTYPE CIM SYSTEM "file://{CANARY}">',
    "public subset": '<!DOCTYPE CIM PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd">',
    "over the network": '<!DOCTYPE CIM [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
}


def body(kind: str) -> bytes:
    text = call().decode().replace("<CIM ", f"{EXTERNAL[kind]}<CIM ", 1)
    return text.replace('ID="7"', 'ID="&x;"' if kind == "general entity" else 'ID="7"').encode()


@pytest.mark.parametrize("kind", EXTERNAL)
def test_sec_41_refused(agent: RunningAgent, kind: str) -> None:
    answer = ask(agent, request(body(kind)))
    assert answer.status == 400
    assert answer.cim_error in ("request-not-valid", "request-not-well-formed")


def test_sec_41_a_document_type_alone_is_not_valid(agent: RunningAgent) -> None:
    answer = ask(agent, request(body("external subset")))
    assert (answer.status, answer.cim_error) == (400, "request-not-valid")


@pytest.mark.needs("strace")
@pytest.mark.skipif(os.geteuid() != 0, reason="traces a process")
def test_sec_41_nothing_is_opened(agent: RunningAgent, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=open,openat,connect,socket,stat,newfstatat,access"
    argv = ["strace", "-f", "-q", "-e", calls, "-o", str(trace), "-p", str(agent.process.pid)]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as tracer:
        try:
            eventually(lambda: _traced(agent), "strace is attached")
            for kind in EXTERNAL:
                ask(agent, request(body(kind)))
            assert ask(agent, request()).status == 200
        finally:
            tracer.terminate()
    shown = trace.read_text()
    assert "openesm-canary" not in shown
    assert not re.search(r"\bconnect\(", shown)
    assert not re.search(r"\bsocket\(AF_INET", shown)


def _traced(agent: RunningAgent) -> bool:
    status = Path(f"/proc/{agent.process.pid}/status").read_text()
    return "TracerPid:\t0\n" not in status
