"""SEC-23: cut, reset and garbled requests leave an agent that is idle and answers."""

from __future__ import annotations

import contextlib
import random
import socket
import struct

import pytest

from tests.running import RunningAgent, eventually
from tests.security.test_sec_21 import connections
from tests.security.wire import Wire, ask, basic, request

RAW = request(auth=basic("viewer"))
FEW = 200
RESET = struct.pack("ii", 1, 0)


def healthy(agent: RunningAgent) -> None:
    assert ask(agent, request()).status == 200
    eventually(lambda: connections(agent) == 0, "no connection is left")
    before = agent.cpu_s()
    assert ask(agent, request()).status == 200
    assert agent.cpu_s() - before < 1.0, "nothing spins"
    assert "Traceback" not in agent.log


@pytest.fixture(autouse=True)
def known(agent: RunningAgent) -> None:
    """The password is checked once, before requests are cut."""
    for auth in (basic("viewer"), "good"):
        assert ask(agent, request(auth=auth)).status == 200


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_sec_23_half_a_request_then_fin_at_every_offset(agent: RunningAgent, tls: bool) -> None:
    for offset in range(0, len(RAW), 1 if not tls else 37):
        with agent.connect(tls=tls) as connected:
            connected.sendall(RAW[:offset])
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_WR)
            assert connected.recv(65536) == b"", f"offset {offset}"
    healthy(agent)


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_sec_23_half_a_request_then_reset_at_every_offset(agent: RunningAgent, tls: bool) -> None:
    for offset in range(1, len(RAW) + 1, 1 if not tls else 37):
        connected = agent.connect(tls=tls)
        connected.sendall(RAW[:offset])
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connected.close()
    healthy(agent)


def test_sec_23_garbled_requests(agent: RunningAgent) -> None:
    dice = random.Random(23)
    for _ in range(FEW):
        spoiled = bytearray(RAW)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(spoiled))
            match dice.randrange(3):
                case 0:
                    spoiled[at] = dice.randrange(256)
                case 1:
                    del spoiled[at : at + dice.randint(1, 30)]
                case _:
                    spoiled[at:at] = dice.randbytes(dice.randint(1, 30))
        with agent.connect() as connected:
            wire = Wire(connected).send(bytes(spoiled))
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_WR)
            assert all(answer.status in range(200, 600) for answer in wire.answers())
    healthy(agent)


def test_sec_23_garbled_bodies(agent: RunningAgent) -> None:
    dice = random.Random(24)
    body = RAW.partition(b"\r\n\r\n")[2]
    with contextlib.ExitStack() as stack:
        wire = Wire(stack.enter_context(agent.connect()))
        for _ in range(FEW * 5):
            spoiled = bytearray(body)
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(len(spoiled))
                spoiled[at : at + dice.randint(0, 8)] = dice.choice(
                    [b"", b"<", b">", b'"', b"&", b"&#0;", b"<a/>", b"]]>", b"\xff", b"<VALUE/>", b"9" * 40]
                )
            answer = wire.send(request(body, raw_body=bytes(spoiled))).answer()
            assert answer is not None
            assert answer.status in (200, 400, 501)
            if answer.headers.get("connection") == "close":
                stack.close()
                wire = Wire(stack.enter_context(agent.connect()))
    healthy(agent)
