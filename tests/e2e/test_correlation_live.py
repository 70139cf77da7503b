"""Correlation in a running agent: alerts in, correlation events out, over kills and other definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pywbem

from esmctl.agent import ask
from esmctl.failure import FailureError
from tests.faults.rig import GoneError, kill
from tests.others.suite import NAMESPACE, subscribed
from tests.running import PASSWORD, RunningAgent, eventually, running_agent

PAIR = """VERSION=2
[pair]
CON=CID:1,E.ESM_TEST==TRUE,E.SEVERITY==Warning
CON=CID:2,E.ESM_TEST==TRUE,E.SEVERITY==Error
TIMEOUT=600
SUCCESS_EVENT=E.SEVERITY:Alert,B.MESSAGE:"both on $EV1_B.SOURCESERVER"
"""
ABSENCE = """VERSION=2
[absence]
CON=E.ESM_TEST==TRUE,E.SEVERITY==Warning
CON=E.ESM_TEST==TRUE,E.SEVERITY==Error
TYPE=sequence
TIMEOUT=1
FAIL_EVENT=E.SEVERITY:Error,B.MESSAGE:never came
[again]
CON=E.JP1_GENERATE_NAME==absence
SUCCESS_EVENT=E.SEVERITY:Warning,B.MESSAGE:told of it
"""


@contextmanager
def correlating(folder: Path, definition: str = "") -> Iterator[RunningAgent]:
    with running_agent(folder) as agent:
        if definition:
            ask(agent.local_socket, "correlation-apply", file="x.conf", definition=definition)
            ask(agent.local_socket, "correlation-enable")
        yield agent


def tell(agent: RunningAgent, severity: str) -> str:
    return str(ask(agent.local_socket, "alert-test", severity=severity)["uuid"])


def issued(agent: RunningAgent) -> list[str]:
    """Texts of the correlation events of the history, oldest first."""
    rows: list[dict[str, Any]] = ask(agent.local_socket, "alert-list", limit=500)["alerts"]
    found = [row["message"]["args"]["text"] for row in rows if row["event"].startswith("ESMCORRELATION/")]
    return found[::-1]


def status(agent: RunningAgent, name: str) -> Any:
    return ask(agent.local_socket, "correlation-status")[name]


def settled(agent: RunningAgent) -> None:
    eventually(lambda: status(agent, "waiting_events") == 0, "all events were offered", 10)


def test_it_is_off_until_it_is_turned_on(tmp_path: Path) -> None:
    """R-1, R-2."""
    with correlating(tmp_path) as agent:
        ask(agent.local_socket, "correlation-apply", definition=PAIR)
        assert status(agent, "state") == "disabled"
        tell(agent, "warning")
        tell(agent, "critical")
        ask(agent.local_socket, "correlation-enable")
        assert status(agent, "state") == "running"
        settled(agent)
        assert issued(agent) == []
        ask(agent.local_socket, "correlation-clear")
        tell(agent, "warning")
        settled(agent)
        assert status(agent, "conditions") == []


def test_managers_are_told(tmp_path: Path) -> None:
    with correlating(tmp_path, PAIR) as agent:
        connection = pywbem.WBEMConnection(agent.http, ("admin", PASSWORD), NAMESPACE)
        with subscribed(connection, "SELECT * FROM ESM_CorrelationEvent") as told:
            tell(agent, "critical")
            tell(agent, "warning")
            eventually(lambda: told, "the correlation event has arrived", 20)
        (event,) = told
        assert (event["GenerateName"], event["Occurrence"], event["PerceivedSeverity"]) == (
            "pair",
            "SUCCESS",
            6,
        )
        assert event["Description"].startswith("both on ")
        listed = {
            each["number"]: each["attributes"] for each in ask(agent.local_socket, "event-list")["events"]
        }
        sources = [listed[number] for number in event["SourceSequenceNumbers"]]
        assert [each["E.SEVERITY"] for each in sources] == ["Error", "Warning"]
        assert [each for each in listed.values() if each.get("E.JP1_GENERATE_NAME") == "pair"]
        assert "E.SEVERITY=Alert" in event["EventAttributes"]
        assert issued(agent) == [event["Description"]]


def test_sets_go_on_after_a_kill(tmp_path: Path) -> None:
    """R-33: what was committed is there, and each correlation event is issued once."""
    with suppress(GoneError), correlating(tmp_path, PAIR) as agent:
        tell(agent, "warning")
        eventually(lambda: status(agent, "open_sets") == 1, "a set is open", 10)
        kill(agent)
    with correlating(tmp_path) as agent:
        assert (status(agent, "state"), status(agent, "open_sets")) == ("running", 1)
        tell(agent, "critical")
        eventually(lambda: issued(agent), "the pair is complete", 10)
        settled(agent)
        assert len(issued(agent)) == 1
        assert status(agent, "open_sets") == 0


def test_absence_and_what_follows_from_it(tmp_path: Path) -> None:
    """R-49, R-58: nothing else arrives, and the failure is an event itself."""
    with correlating(tmp_path, ABSENCE) as agent:
        tell(agent, "warning")
        eventually(lambda: len(issued(agent)) == 2, "it has failed, and that was told", 10)
        assert issued(agent) == ["never came", "told of it"]


def test_a_pause(tmp_path: Path) -> None:
    """R-6, R-7: what comes meanwhile is never correlated."""
    with correlating(tmp_path, PAIR) as agent:
        tell(agent, "warning")
        eventually(lambda: status(agent, "open_sets") == 1, "a set is open", 10)
        ask(agent.local_socket, "correlation-stop")
        assert status(agent, "state") == "paused"
        tell(agent, "critical")
        settled(agent)
        ask(agent.local_socket, "correlation-start")
        settled(agent)
        assert (issued(agent), status(agent, "open_sets")) == ([], 1)
        tell(agent, "critical")
        eventually(lambda: issued(agent), "the pair is complete", 10)


def test_another_definition(tmp_path: Path) -> None:
    """R-4, R-5, R-90: a wrong one changes nothing; unchanged conditions keep their sets."""
    with correlating(tmp_path, PAIR) as agent:
        tell(agent, "warning")
        eventually(lambda: status(agent, "open_sets") == 1, "a set is open", 10)
        with pytest.raises(FailureError, match="TIMEOUT"):
            ask(agent.local_socket, "correlation-apply", definition=PAIR.replace("600", "0"))
        assert status(agent, "open_sets") == 1
        both = PAIR + ABSENCE.partition("\n")[2]
        told = ask(agent.local_socket, "correlation-apply", definition=both)
        assert (told["conditions"], told["unchanged"], told["discarded_sets"]) == (3, 1, 0)
        assert (status(agent, "conditions"), status(agent, "open_sets")) == (["pair", "absence", "again"], 1)
        ask(agent.local_socket, "correlation-apply", definition=both.replace("600", "700"))
        assert status(agent, "open_sets") == 0


@pytest.mark.parametrize("arguments", [{}, {"definition": 7}, {"definition": "x" * (5 << 20)}])
def test_what_is_no_definition(tmp_path: Path, arguments: dict[str, object]) -> None:
    with correlating(tmp_path) as agent, pytest.raises(FailureError):
        ask(agent.local_socket, "correlation-apply", **arguments)


def test_changes_are_audited(tmp_path: Path) -> None:
    with correlating(tmp_path, PAIR) as agent:
        assert re.search("command .*correlation-apply.*x.conf", agent.audit)
        assert re.search("command .*correlation-enable", agent.audit)
        status(agent, "state")
        assert "correlation-status" not in agent.audit
