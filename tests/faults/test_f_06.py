"""F06 to F08: whatever happens to the clocks, a subscription ends when its time is over, and not before."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pywbem

from esmctl import agent as control
from tests.e2e.managers import INTEROP, connected, subscribe
from tests.faults.clocks import DAY_S, HOUR_S, STEPS, Clocks, clocks
from tests.faults.receiver import Receiver, receiving
from tests.faults.rig import Rig
from tests.running import RunningAgent, eventually

pytestmark = pytest.mark.needs("gcc")
DURATION_S = 5


@pytest.fixture
def moved(tmp_path: Path) -> Clocks:
    return clocks(tmp_path)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def rig(tmp_path: Path, receiver: Receiver, moved: Clocks) -> Rig:
    return Rig(tmp_path / "agent", receiver, ["a"], env=moved.env)


def remaining(agent: RunningAgent) -> list[int]:
    """SubscriptionTimeRemaining of every subscription."""
    with connected(agent, INTEROP) as connection:
        return [
            int(each["SubscriptionTimeRemaining"])
            for each in connection.EnumerateInstances("CIM_IndicationSubscription")
        ]


@pytest.mark.parametrize("step_s", STEPS)
def test_a_subscription_of_5_s(rig: Rig, receiver: Receiver, moved: Clocks, step_s: int) -> None:
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a", SubscriptionDuration=pywbem.Uint64(DURATION_S))
        begun = time.monotonic()
        moved.set_wall(step_s)
        assert rig.tell(agent, 1)
        assert remaining(agent) in ([4], [5])
        eventually(lambda: not remaining(agent), "it has ended", DURATION_S + 5)
        lasted = time.monotonic() - begun
        assert rig.tell(agent, 1)
        eventually(lambda: receiver.has("a", 1), "what came before the end is delivered")
        eventually(lambda: "alerts.subscription-lapsed" in alerts(agent), "its end is told")
        if step_s:
            assert agent.log.count("clock stepped") == 1
    assert lasted >= DURATION_S - 0.2
    assert [each.number for each in receiver.seen] == [0]  # nothing goes out under what has ended


def test_a_restart_keeps_the_remaining_time(rig: Rig, receiver: Receiver) -> None:
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a", SubscriptionDuration=pywbem.Uint64(1000))
    with rig.agent() as agent:
        (left,) = remaining(agent)
    assert 980 <= left <= 1000


@pytest.mark.parametrize(
    ("hours_off", "boot", "left_h"),
    [
        pytest.param(48, "another", (951, 953), id="off for two days"),
        pytest.param(48, "the same", (951, 953), id="suspended for two days"),
        pytest.param(-24, "another", (999, 1000), id="the clock went back meanwhile"),
        pytest.param(24 * 365 * 10, "another", (279, 281), id="the clock went ten years forward meanwhile"),
    ],
)
def test_downtime_is_charged_with_reason(
    rig: Rig, receiver: Receiver, moved: Clocks, hours_off: int, boot: str, left_h: tuple[int, int]
) -> None:
    """F08: time off counts, as far as the wall clock can be believed, and never all of a lifetime."""
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a", SubscriptionDuration=pywbem.Uint64(1000 * HOUR_S))
    if boot == "another":
        with closing(sqlite3.connect(rig.folder / "state" / "store.db")) as db:
            db.execute("UPDATE clock SET boot_id = 'another'")
            db.commit()
        moved.set_wall(hours_off * HOUR_S)
    else:
        moved.suspend(hours_off * HOUR_S)
    with rig.agent() as agent:
        found = remaining(agent)
    assert len(found) == 1, json.dumps(found)
    assert left_h[0] * HOUR_S <= found[0] <= left_h[1] * HOUR_S


def test_a_backlog_waits_for_its_destination(rig: Rig, receiver: Receiver) -> None:
    """REP-5, FAQ-6: kept while lapsed, sent to the next subscription of the same URL and query alone."""
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a", SubscriptionDuration=pywbem.Uint64(2))
        eventually(lambda: not remaining(agent), "it has ended")
        assert rig.tell(agent, 3)
        subscribe(agent, receiver.url("b"), "b")
        subscribe(
            agent, receiver.url("a"), "other", "SELECT * FROM ESM_AlertIndication WHERE PerceivedSeverity = 6"
        )
        (kept,) = control.ask(agent.local_socket, "backlog-list")["backlogs"]
        assert kept["kept"] >= 3
        assert receiver.seen == []
        subscribe(agent, receiver.url("a"), "again")
        eventually(lambda: receiver.has("a", 3), "the backlog arrives")
        assert control.ask(agent.local_socket, "backlog-list")["backlogs"] == []
    got = [each.uuid for each in receiver.seen if each.destination == "/a"]
    assert [uuid for uuid in got if uuid in rig.acknowledged] == rig.acknowledged


def test_72_hours_of_silence(rig: Rig, receiver: Receiver, moved: Clocks) -> None:
    """F09: what is older is given up with one alert for the destination; what is younger still goes."""
    receiver.shut()
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a")
        assert rig.tell(agent, 5)
        old = set(rig.acknowledged)
        moved.suspend(71 * HOUR_S)
        assert rig.tell(agent, 2)
        moved.suspend(HOUR_S + 1)
        eventually(lambda: given_up(agent), "the old ones are given up", 30)
        receiver.open()
        receiver.wait_for("a", 3)
        told = control.ask(agent.local_socket, "alert-list", limit=50)["alerts"]
    reports = [each for each in told if each["message"]["key"] == "alerts.report-given-up"]
    assert [each["message"]["args"]["count"] for each in reports] == [5]
    got = [each.uuid for each in receiver.seen]
    assert not old & set(got)
    assert got[:2] == rig.acknowledged[5:]


def test_71_hours_of_silence(rig: Rig, receiver: Receiver, moved: Clocks) -> None:
    receiver.shut()
    with rig.agent() as agent:
        subscribe(agent, receiver.url("a"), "a")
        assert rig.tell(agent, 5)
        moved.suspend(3 * DAY_S - HOUR_S)
        receiver.open()
        receiver.wait_for("a", 5)
    assert [each.uuid for each in receiver.seen][:5] == rig.acknowledged


def alerts(agent: RunningAgent) -> list[str]:
    """The names of the texts of the last alerts."""
    told = control.ask(agent.local_socket, "alert-list", limit=5)["alerts"]
    return [each["message"]["key"] for each in told]


def given_up(agent: RunningAgent) -> int:
    (found,) = control.ask(agent.local_socket, "subscription-list")["subscriptions"]
    return int(found["given_up"])
