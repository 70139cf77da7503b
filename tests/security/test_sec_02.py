"""SEC-02: on the local socket the kernel says who asks; nothing in a message does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import RunningAgent
from tests.security.wire import Wire, basic, control, control_request

NOBODY = 65534
CLIENT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
    sys.stdout.buffer.write(b"".join(iter(lambda: s.recv(65536), b"")))
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")


def asked_by_nobody(path: Path, raw: bytes) -> bytes:
    """What a process of another user gets."""
    client = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    done = subprocess.run(
        [*client, sys.executable, "-I", "-S", "-c", CLIENT, str(path)],
        input=raw,
        capture_output=True,
        timeout=20,
        check=False,
        cwd="/",
    )
    return done.stdout + done.stderr


def opened(agent: RunningAgent) -> None:
    """Lets everybody as far as the socket, as membership of its group would."""
    agent.local_socket.chmod(0o666)
    for folder in agent.local_socket.parents:
        if folder.owner() == "root" and folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)


@needs_root
@pytest.mark.needs("setpriv")
def test_sec_02_the_socket_is_closed_to_others(agent: RunningAgent) -> None:
    assert agent.local_socket.stat().st_mode & 0o777 == 0o660
    shown = asked_by_nobody(agent.local_socket, control_request(b'{"command": "status"}'))
    assert b"PermissionError" in shown


@needs_root
@pytest.mark.needs("setpriv")
@pytest.mark.parametrize(
    ("extra", "claim"),
    [
        pytest.param(b"", {}, id="plain"),
        pytest.param(b"Authorization: " + basic().encode() + b"\r\n", {}, id="an administrator's password"),
        pytest.param(b"X-UID: 0\r\n", {"uid": 0, "user": "root"}, id="a uid in the message"),
    ],
)
def test_sec_02_another_user_is_a_viewer_whatever_he_claims(
    agent: RunningAgent, extra: bytes, claim: dict[str, object]
) -> None:
    opened(agent)
    try:
        answers = [
            asked_by_nobody(agent.local_socket, _claiming(command, extra, claim))
            for command in ("status", "reload")
        ]
    finally:
        agent.local_socket.chmod(0o660)
    assert answers[0].startswith(b"HTTP/1.1 200 ")
    assert answers[1].startswith(b"HTTP/1.1 403 ")


def _claiming(command: str, extra: bytes, claim: dict[str, object]) -> bytes:
    raw = control_request(json.dumps({"command": command, **claim}).encode())
    return raw.replace(b"Host: x\r\n", b"Host: x\r\n" + extra)


def test_sec_02_the_owner_is_an_administrator(agent: RunningAgent) -> None:
    assert control(agent.local_socket, "reload")[0] == 200
    assert f'command user="local:{os.geteuid()}" command="reload"' in agent.audit


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"status"',
        b"{}",
        b'{"command": 7}',
        b'{"command": "stop"}',
        b"\xff",
        b"[" * 5000,
    ],
    ids=["nothing", "list", "null", "text", "no command", "number", "unknown", "no UTF-8", "deep"],
)
def test_sec_02_a_broken_command_is_refused(agent: RunningAgent, body: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connected:
        connected.connect(str(agent.local_socket))
        answer = Wire(connected).send(control_request(body)).answer()
    assert answer is not None
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["key"] == "control.no-command"
