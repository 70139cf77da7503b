"""Alerts of the agent by tog-pegasus: each once and in order, whoever is killed in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import pywbem

from esmctl.agent import ask
from indications.instance import TYPES
from tests.others.suite import subscribed
from tests.pegasus.real import Real
from tests.running import eventually

QUERY = "SELECT * FROM ESM_AlertIndication"
PATIENCE_S = 100  # Pegasus tries again after 30 s where the listener has closed its connection


def alerts(real: Real, count: int = 3) -> list[str]:
    """Tells test alerts; their UUIDs."""
    return [str(ask(real.socket, "alert-test")["uuid"]) for _ in range(count)]


def uuids(told: list[pywbem.CIMInstance], wanted: list[str]) -> list[str]:
    return [uuid for each in told if (uuid := str(each["AlertUUID"])) in wanted]


def arrive(real: Real, told: list[pywbem.CIMInstance], wanted: list[str]) -> None:
    def has_arrived() -> bool:
        real.connection().EnumerateInstanceNames("ESM_Alive")  # a request starts the provider process again
        return wanted[-1] in uuids(told, wanted)

    eventually(has_arrived, "the last one has arrived", PATIENCE_S)


@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL"])
def test_each_once_in_order_with_every_property(real: Real, language: str) -> None:
    with subscribed(real.connection(), QUERY, language) as told:
        wanted = alerts(real, 10)
        arrive(real, told, wanted)
        assert uuids(told, wanted) == wanted
        shown = next(each for each in told if str(each["AlertUUID"]) == wanted[0])
        # Pegasus numbers what it sends by itself
        assert {name.lower() for name in TYPES} <= {name.lower() for name in shown}
        assert shown["SourceName"] == "ESMCOMMONSERVICE"
        assert shown["Message"]


def test_a_filter_selects(real: Real) -> None:
    query = f"{QUERY} WHERE PerceivedSeverity = 6"
    with subscribed(real.connection(), query) as told:
        quiet = alerts(real, 2)
        grave = [str(ask(real.socket, "alert-test", severity="critical")["uuid"])]
        arrive(real, told, grave)
        assert uuids(told, quiet + grave) == grave


LIVES: dict[str, tuple[Callable[[Real], None], Callable[[Real], None]]] = {
    "esmd": (Real.kill_agent, Real.start_agent),
    "the provider's process": (Real.kill_provider, lambda _: None),
    "cimserver": (Real.kill_cimserver, Real.start_cimserver),
}


def test_kills_cost_nothing(real: Real) -> None:
    """Each is killed in turn, twice; what is told while one is away comes when it is back."""
    with subscribed(real.connection(), QUERY) as told:
        wanted = alerts(real)
        arrive(real, told, wanted)
        for _ in range(2):
            for name, (kill, start) in LIVES.items():
                if name == "esmd":
                    wanted += alerts(real)  # durable, and mostly not on their way yet
                else:
                    arrive(real, told, wanted)  # what Pegasus has taken is in its memory
                kill(real)
                if name != "esmd":
                    wanted += alerts(real)
                start(real)
                wanted += alerts(real)
                arrive(real, told, wanted)
        assert uuids(told, wanted) == wanted
