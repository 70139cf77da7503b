"""F09: how long a silent listener is waited for is what its subscription, the settings or monitor.ini say."""

from __future__ import annotations

from pathlib import Path

import pytest
import pywbem

from esmctl import agent as control
from tests.e2e.managers import INTEROP, connected, subscribe
from tests.faults.receiver import receiving
from tests.faults.rig import SETTINGS, Rig
from tests.faults.test_f_06 import alerts, given_up
from tests.running import RunningAgent, eventually


def states(agent: RunningAgent) -> list[int]:
    """SubscriptionState of every subscription."""
    with connected(agent, INTEROP) as connection:
        found = connection.EnumerateInstances("CIM_IndicationSubscription")
        return [int(each["SubscriptionState"]) for each in found]


@pytest.mark.parametrize(
    ("policy", "after"),
    [pytest.param(2, [2], id="ignore"), pytest.param(3, [4], id="disable"), pytest.param(4, [], id="remove")],
)
def test_on_fatal_error_policy(tmp_path: Path, policy: int, after: list[int]) -> None:
    """I10: after FailureTriggerTimeInterval, and the end of a subscription is an alert."""
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, [])
        with rig.agent() as agent:
            subscribe(
                agent,
                receiver.url("a"),
                "a",
                OnFatalErrorPolicy=pywbem.Uint16(policy),
                FailureTriggerTimeInterval=pywbem.Uint64(1),
            )
            receiver.shut()
            assert rig.tell(agent, 1)
            eventually(lambda: agent.log.count("is not delivered") == 1, "it fails")
            eventually(lambda: states(agent) == after, f"states {after}")
            if policy != 2:
                eventually(lambda: "alerts.subscription-lapsed" in alerts(agent), "its end is told")


def test_monitor_ini_is_read_live(tmp_path: Path) -> None:
    """CAU-3: RetryCount=0 gives up after the first try, with no restart; the service shows it."""
    ini = tmp_path / "monitor.ini"
    ini.write_text("[CimAlert]\nRetryCount=8640\nWaitTime=30\n")
    settings = f'[delivery]\ninterval_s = 1\nmonitor_ini = "{ini}"\n'
    with receiving() as receiver:
        rig = Rig(tmp_path / "agent", receiver, ["a"], settings=settings)
        rig.prepare()
        receiver.shut()
        with rig.agent() as agent, connected(agent, INTEROP) as connection:
            (service,) = connection.EnumerateInstances("CIM_IndicationService")
            assert (service["DeliveryRetryAttempts"], service["DeliveryRetryInterval"]) == (8640, 30)
            ini.write_text("[CimAlert]\nRetryCount=0\nWaitTime=0\n")
            eventually(
                lambda: (
                    connection.EnumerateInstances("CIM_IndicationService")[0]["DeliveryRetryAttempts"] == 0
                ),
                "the service shows it",
            )
            assert rig.tell(agent, 2)
            eventually(lambda: given_up(agent) >= 2, "both are given up")
            eventually(lambda: "alerts.report-given-up" in alerts(agent), "that is told")
            ini.write_text("[CimAlert]\nRetryCount=many\n")
            eventually(
                lambda: "monitor.ini" in str(control.ask(agent.local_socket, "status")["warnings"]), "told"
            )


def test_what_a_destination_took_is_known_after_a_restart(tmp_path: Path) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a"], settings=SETTINGS)
        rig.prepare()
        with rig.agent() as agent:
            assert rig.tell(agent, 3)
            receiver.wait_for("a", 3)
        with rig.agent() as agent:
            (found,) = control.ask(agent.local_socket, "subscription-list")["subscriptions"]
    assert found["sent"] >= 3
    assert found["last_success_s"] is not None
