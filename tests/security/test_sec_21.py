"""SEC-21: a promised body that never comes costs nothing and is given up in time."""

from __future__ import annotations

import contextlib
import time

import pytest

from tests.running import RunningAgent, eventually
from tests.security.wire import Wire, ask, basic, control, request

CONNECTIONS = 100
MOST_BYTES = 8 << 20


def connections(agent: RunningAgent) -> int:
    return int(control(agent.local_socket, "status")[1]["result"]["connections"]) - 1


@pytest.mark.parametrize(
    ("length", "auth", "status"),
    [
        pytest.param("4000000000", "good", 413, id="too long"),
        pytest.param("4000000000", None, 401, id="nobody"),
        pytest.param("1000000", "good", None, id="allowed, then silence"),
    ],
)
def test_sec_21_silence(hasty: RunningAgent, length: str, auth: str | None, status: int | None) -> None:
    assert ask(hasty, request()).status == 200
    before = hasty.rss_bytes()
    raw = request(auth=auth, raw_body=b"<", Content_Length=length)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        wires = [Wire(stack.enter_context(hasty.connect())).send(raw) for _ in range(CONNECTIONS)]
        assert hasty.rss_bytes() - before < MOST_BYTES
        answers = [wire.answer() for wire in wires]
        assert [answer and answer.status for answer in answers] == [status] * CONNECTIONS
        assert all(wire.answer() is None for wire in wires)
        assert time.monotonic() - started < 10
    eventually(lambda: connections(hasty) == 0, "all connections are closed")


@pytest.mark.parametrize("sent", [0, 1, 4, 40])
def test_sec_21_half_a_head_is_given_up(hasty: RunningAgent, sent: int) -> None:
    started = time.monotonic()
    with hasty.connect() as connected:
        assert Wire(connected).send(request()[:sent]).answer() is None
    assert time.monotonic() - started < 6


def test_sec_21_a_trickle_does_not_extend_the_time(hasty: RunningAgent) -> None:
    raw = request(auth=basic("viewer"))
    started = time.monotonic()
    with hasty.connect() as connected, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for byte in raw:
            connected.send(bytes([byte]))
            time.sleep(0.05)
            assert time.monotonic() - started < 5
    assert time.monotonic() - started < 5
