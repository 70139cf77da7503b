"""SEC-24: slow clients hold their own connection only, and not for long."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningAgent, eventually, running_agent
from tests.security.conftest import LIMITS
from tests.security.test_sec_21 import connections
from tests.security.wire import Wire, ask, basic, call, request

SLOW_CLIENTS = 1000
GOOD_S = 1.0
ALL_CLASSES = call(
    "EnumerateClasses",
    '<IPARAMVALUE NAME="DeepInheritance"><VALUE>TRUE</VALUE></IPARAMVALUE>'
    '<IPARAMVALUE NAME="LocalOnly"><VALUE>FALSE</VALUE></IPARAMVALUE>',
)  # a megabyte
MORE_THAN_THE_KERNEL_HOLDS = 16


def slowest_good_answer(agent: RunningAgent, attack: subprocess.Popen[bytes]) -> float:
    """The longest time in which a good client was served while the attack ran."""
    slowest = 0.0
    while attack.poll() is None:
        started = time.monotonic()
        assert ask(agent, request()).status == 200
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.1)  # the pace of the good client
    return slowest


@pytest.mark.needs("slowhttptest")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(["-H"], id="slow headers"),
        pytest.param(["-B", "-s", "8192"], id="slow body"),
        pytest.param(["-X", "-w", "10", "-y", "20", "-z", "32", "-n", "5", "-k", "3"], id="slow read"),
    ],
)
def test_sec_24_a_good_client_is_served_meanwhile(
    hasty: RunningAgent, kind: list[str], tmp_path: Path
) -> None:
    pace = ["-c", str(SLOW_CLIENTS), "-r", "300", "-l", "8", "-i", "1", "-p", "2", "-t", "POST"]
    before = hasty.descriptors()
    argv = ["slowhttptest", *kind, *pace, "-u", f"http://127.0.0.1:{hasty.http_port}/cimom"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path) as attack:
        try:
            slowest = slowest_good_answer(hasty, attack)
        finally:
            attack.kill()
    assert slowest < GOOD_S
    eventually(lambda: connections(hasty) == 0, "the slow connections are closed")
    assert hasty.descriptors() <= before + 8


def test_sec_24_a_stalled_handshake_is_given_up(tmp_path: Path) -> None:
    with running_agent(tmp_path, settings=LIMITS) as agent, contextlib.ExitStack() as stack:
        before = agent.descriptors()
        stalled = [
            stack.enter_context(socket.create_connection(("127.0.0.1", agent.https_port), timeout=30))
            for _ in range(50)
        ]
        started = time.monotonic()
        assert ask(agent, request(), tls=True).status == 200
        assert time.monotonic() - started < GOOD_S
        assert all(connected.recv(100) == b"" for connected in stalled)
        eventually(lambda: agent.descriptors() <= before + 4, "the stalled handshakes are closed")


def reading_slowly(agent: RunningAgent) -> socket.socket:
    """A connection with a small window, on which a large answer has been asked for."""
    connected = socket.socket()
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connected.settimeout(20)
    connected.connect(("127.0.0.1", agent.http_port))
    return connected


def test_sec_24_an_answer_that_nobody_takes_is_given_up_in_time(tmp_path: Path) -> None:
    settings = "[limits]\nwrite_s = 1.0\nidle_s = 60.0\n"
    with running_agent(tmp_path, settings=settings) as agent, reading_slowly(agent) as connected:
        assert ask(agent, request()).status == 200
        connected.sendall(request(ALL_CLASSES) * MORE_THAN_THE_KERNEL_HOLDS)
        eventually(lambda: connections(agent) == 1, "the answer is on its way")
        eventually(lambda: connections(agent) == 0, "write_s has passed", within_s=8)


@pytest.mark.parametrize("extra", [[], ["Connection: close"]], ids=["kept alive", "closed after it"])
def test_sec_24_a_slow_but_steady_reader_gets_it_all(agent: RunningAgent, extra: list[str]) -> None:
    repeated = request(ALL_CLASSES) * MORE_THAN_THE_KERNEL_HOLDS
    with reading_slowly(agent) as connected, Paced(connected, 4.0) as paced:
        paced.settimeout(20)
        paced.sendall(repeated + request(ALL_CLASSES, extra=extra))
        wire = Wire(paced)
        answers = [wire.answer() for _ in range(MORE_THAN_THE_KERNEL_HOLDS + 1)]
    assert all(answer and answer.body.rstrip().endswith(b"</CIM>") for answer in answers)


class Paced(socket.socket):
    """A socket that spreads its first reads over some seconds."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        super().__init__(fileno=socket.dup(connected.fileno()))
        self._pauses: Iterator[float] = iter([0.5] * int(seconds / 0.5))

    def recv(self, size: int, flags: int = 0) -> bytes:
        time.sleep(next(self._pauses, 0.0))
        return super().recv(size, flags)


def test_sec_24_connections_are_bounded(tmp_path: Path) -> None:
    settings = "[limits]\nconnections = 20\nconnections_per_address = 10\n"
    with running_agent(tmp_path, settings=settings) as agent, contextlib.ExitStack() as stack:
        held = [Wire(stack.enter_context(agent.connect())) for _ in range(25)]
        for wire in held[:20]:
            first = wire.send(request(auth=basic("viewer"))).answer()
            assert first is not None
            assert first.status == 200
        for wire in held[20:]:
            with contextlib.suppress(OSError):
                wire.send(request(auth=basic("viewer")))
            assert wire.answer() is None
