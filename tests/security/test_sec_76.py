"""SEC-76: a listener that answers without end or enormously costs neither memory nor others' time."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.faults.receiver import Manner, answer, receiving
from tests.faults.rig import Rig
from tests.faults.test_f_10 import why
from tests.running import eventually

MEGABYTES = 100
GROWTH_BYTES = 20_000_000
LINE = b"X-More: " + b"y" * 1000 + b"\r\n"
BOMB = gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        pytest.param(
            Manner(b"HTTP/1.1 200 OK\r\n" + LINE * (MEGABYTES * 1000), takes=False),
            "delivery.answer-head-too-long",
            id="100 MB of headers",
        ),
        pytest.param(
            Manner(answer("200 OK", b"x" * (MEGABYTES * 1_000_000)), takes=False),
            "delivery.answer-too-long",
            id="100 MB of body",
        ),
        pytest.param(
            Manner(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * (MEGABYTES * 1_000_000), takes=False),
            "delivery.answer-too-long",
            id="a body without end",
        ),
        pytest.param(
            Manner(answer("200 OK", BOMB, "Content-Encoding: gzip"), takes=False),
            "delivery.answer-garbled",
            id="a compressed bomb",
        ),
    ],
)
def test_sec_76_bounded(tmp_path: Path, manner: Manner, reason: str) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["good", "bad"])
        rig.prepare()
        receiver.manners["/bad"] = manner
        with rig.agent() as agent:
            before = agent.rss_bytes()
            assert rig.tell(agent, 3)
            eventually(lambda: why(agent, "bad") == reason, f"told: {reason}")
            eventually(lambda: receiver.asked["/bad"] >= 2, "it is tried again")
            receiver.wait_for("good", 3)
            assert agent.rss_bytes() - before < GROWTH_BYTES
            assert b"accept-encoding" not in receiver.head.lower()
            receiver.manners.clear()
            receiver.wait_for("bad", 3)
