"""F10, F11, F13: a listener that misbehaves is tried again and keeps its order; nobody else notices."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median, quantiles

import pytest

from esmctl import agent as control
from tests.faults.receiver import ACCEPTED, Manner, answer, error, receiving
from tests.faults.rig import FULL, Rig
from tests.running import RunningAgent, eventually

EVENTS = 200 if FULL else 20
SHORTLY_S = 1.0  # what "at once" may mean while the machine does other things
REDIRECT = answer("302 Found", b"", "Location: http://127.0.0.1:1/")

BAD = [
    pytest.param(Manner(b"", takes=False), None, id="F10 hangs"),
    pytest.param(Manner(ACCEPTED, takes=False, drip_s=1.0), None, id="F10 drips a byte a second"),
    pytest.param(Manner(answer("500 Oops"), takes=False), "delivery.answer-status", id="F11 500"),
    pytest.param(Manner(answer("503 Full"), takes=False), "delivery.answer-status", id="F11 503"),
    pytest.param(Manner(answer("401 Who"), takes=False), "delivery.answer-refused", id="F11 401"),
    pytest.param(Manner(answer("404 Gone"), takes=False), "delivery.answer-refused", id="F11 404"),
    pytest.param(Manner(error(1), takes=False), "delivery.answer-error", id="F11 200 with ERROR"),
    pytest.param(Manner(answer("200 OK", b"hello"), takes=False), "delivery.answer-garbled", id="F11 no XML"),
    pytest.param(Manner(b"\x00\x01\r\n\r\n", takes=False), "delivery.answer-not-http", id="F11 no HTTP"),
    pytest.param(Manner(REDIRECT, takes=False), "delivery.answer-redirect", id="F11 redirect"),
    pytest.param(
        Manner(answer("200 OK", b"x" * 100_000), takes=False), "delivery.answer-too-long", id="F11 huge body"
    ),
    pytest.param(Manner(b"", takes=False, close=True), "delivery.answer-none", id="closes without an answer"),
    pytest.param(Manner(b"", close=True), "delivery.answer-none", id="F13 takes it, the answer is lost"),
]


@pytest.mark.parametrize(("manner", "reason"), BAD)
def test_a_bad_listener(
    tmp_path: Path, manner: Manner, reason: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["good", "bad"])
        rig.prepare()
        receiver.manners["/bad"] = manner
        with rig.agent() as agent:
            told = []
            for number in range(EVENTS):
                assert rig.tell(agent, 1)
                told.append(time.monotonic())
                receiver.wait_for("good", number + 1, 10)
            if reason is not None:
                eventually(lambda: why(agent, "bad") == reason, f"told: {reason}")
            assert why(agent, "good") is None
            assert agent.log.count("is not delivered") == (1 if reason else 0)
            receiver.manners.clear()
            control.ask(agent.local_socket, "reload")
            receiver.wait_for("bad", EVENTS)
            eventually(lambda: why(agent, "bad") is None, "it delivers again")
            assert "Traceback" not in agent.log
        rig.drain()
        verdict = rig.check()
    late = delays(rig, told)
    assert median(late) < SHORTLY_S
    assert bool(verdict.duplicated) == (manner.takes and manner.close)
    with capsys.disabled():
        cuts = quantiles([each * 1000 for each in late], n=100)
        print(f"\n{reason or 'silent'}: the good listener after {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")


def why(agent: RunningAgent, name: str) -> str | None:
    """Why a destination takes nothing, as `esmctl subscription list` has it; None while it does."""
    told = control.ask(agent.local_socket, "subscription-list")["subscriptions"]
    (found,) = [each["error"] for each in told if each["destination"] == f"H-{name}"]
    return None if found is None else str(found["key"])


def delays(rig: Rig, told: list[float]) -> list[float]:
    """Seconds from each promise to the arrival at the good listener; what arrived before it is 0."""
    receiver = rig.receiver
    first: dict[str, float] = {}
    for each, at in zip(receiver.seen, receiver.arrived, strict=True):
        if each.destination == "/good":
            first.setdefault(each.uuid, at)
    return [max(0.0, first[uuid] - at) for uuid, at in zip(rig.acknowledged, told, strict=True)]
