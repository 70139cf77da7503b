"""Correlation over the log: restarted and failing anywhere, it gives what one uninterrupted engine gives."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esmd.auth.authenticator import admitted
from esmd.correlation import correlator
from esmd.correlation.correlator import Correlator, append
from esmd.correlation.decisions import Decisions, give_up
from esmd.correlation.state import State
from esmd.service import RefusedError
from esmd.tables import EVENTS
from indications.correlation.definition import Definition
from indications.correlation.engine import Decision
from indications.correlation.event import Event
from indications.correlation.issuing import Issued
from indications.correlation.reading import read
from indications.correlation.starting import Why
from openesm.store import Store
from tests.indications.correlation.test_model import by_engine, definitions, in_parts, streams, told

SOMEBODY = admitted("somebody")
ABC = """VERSION=2
[pair]
CON=E.K==a
CON=E.K==b
TIMEOUT=10
SUCCESS_EVENT=E.K:pair
FAIL_EVENT=E.K:lonely
[pairs]
CON=E.K==pair
TYPE=threshold:2
SUCCESS_EVENT=E.K:many
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.db", (EVENTS,))
    yield opened
    opened.close()


def fill(store: Store, events: list[Event]) -> None:
    """Into the log, under their own numbers."""
    rows = [(event.number, event.arrived, json.dumps(event.attributes)) for event in events]
    query = "INSERT INTO event (number, arrived, attributes) VALUES (?, ?, ?)"
    store.write(lambda db: db.executemany(query, rows) and None).result()


def keys(store: Store) -> list[str]:
    """Correlation events of the log, in its order."""
    rows = store.read(lambda db: db.execute("SELECT key FROM event WHERE key NOT NULL ORDER BY number"))
    return [key for (key,) in rows]


def run(correlating: Correlator, now: float | None = None) -> list[Decision]:
    found: list[Decision] = []
    while True:
        done = correlating.advance(now).result()
        found += done.decisions
        if done.is_caught_up:
            return found


def put(store: Store, *events: tuple[float, str]) -> None:
    def work(db: sqlite3.Connection) -> None:
        for arrived, kind in events:
            append(db, arrived, {"E.K": kind})

    store.write(work).result()


def test_what_is_issued_is_in_the_log_and_correlated_itself(store: Store) -> None:
    correlating = Correlator(store, read(ABC, "x"))
    put(store, (1, "a"), (2, "b"), (3, "b"), (4, "a"), (5, "a"))
    run(correlating)
    assert keys(store) == ["pair/1/SUCCESS", "pair/3/SUCCESS", "pairs/6/SUCCESS"]
    run(Correlator(store, read(ABC, "x")))
    assert len(keys(store)) == 3, "what was issued is not offered again"
    assert correlating.advance(15.0).result().decisions == []
    run(correlating, 15.1)
    assert keys(store)[-1] == "pair/5/FAIL"


def test_while_there_is_backlog_the_clock_says_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-48: `b` has come in time, and was not read yet."""
    monkeypatch.setattr(correlator, "BATCH", 1)
    correlating = Correlator(store, read(ABC, "x"))
    put(store, (1, "a"), (2, "b"))
    for _ in range(3):
        correlating.advance(1000.0).result()
    assert keys(store) == ["pair/1/SUCCESS"]


def failing(_db: sqlite3.Connection, _event: Issued) -> int:
    """Fails the transaction that issues something."""
    raise sqlite3.OperationalError("disk full")


def test_a_failed_transaction_is_done_again(store: Store) -> None:
    correlating = Correlator(store, read(ABC, "x"))
    put(store, (1, "a"), (2, "b"))
    with pytest.raises(sqlite3.OperationalError):
        correlating.advance(issue=failing).result()
    assert keys(store) == []
    run(correlating)
    assert keys(store) == ["pair/1/SUCCESS"]


@settings(max_examples=40, deadline=None)
@given(definitions(), streams(), st.data())
def test_restarts_between_any_batches(
    definition: Definition, events: list[Event], data: st.DataObject
) -> None:
    until = events[-1].arrived + 1000
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlator, "BATCH", data.draw(st.integers(1, 7)))
        with closing(Store(Path(folder) / "store.db", (EVENTS,))) as store:
            fill(store, events)
            correlating, found = Correlator(store, definition), list[Decision]()
            while True:
                if data.draw(st.booleans()):
                    correlating = Correlator(store, definition)
                done = correlating.advance(until).result()
                found += done.decisions
                if done.is_caught_up:
                    break
    assert in_parts(told(found)) == in_parts(by_engine(definition, events, until))


CHAIN = """VERSION=2
[lonely]
CON=E.K==a
CON=E.K==b
TIMEOUT=10
FAIL_EVENT=E.K:lonely
[answer]
CON=E.K==q
CON=E.K==lonely
TIMEOUT=15
SUCCESS_EVENT=E.K:answered
FAIL_EVENT=E.K:unanswered
"""


@pytest.mark.parametrize("late", [(1000.0,), (11.5, 1000.0)], ids=["read late", "read live"])
def test_a_failure_meets_what_was_open_at_its_time(store: Store, late: tuple[float, ...]) -> None:
    """A backlog gives what it gave live: `lonely` is of second 11, and `answer` is open until 15."""
    correlating = Correlator(store, read(CHAIN, "x"))
    put(store, (0, "q"), (1, "a"))
    for now in late:
        run(correlating, now)
    assert keys(store) == ["lonely/2/FAIL", "answer/1/SUCCESS"]


def test_a_failure_by_a_later_event(store: Store) -> None:
    put(store, (0, "q"), (1, "a"), (900, "x"))
    run(Correlator(store, read(CHAIN, "x")))
    assert keys(store) == ["lonely/2/FAIL", "answer/1/SUCCESS"]


def history(store: Store) -> list[dict[str, object]]:
    told = Decisions(store, State).list(SOMEBODY, {})["records"]
    assert isinstance(told, list)
    return told


def test_the_history_has_each_decision_once(store: Store) -> None:
    """R-70, R-72: in the transaction that decided it, whatever fails."""
    correlating = Correlator(store, read(ABC, "x"))
    put(store, (1, "a"), (2, "b"), (3, "a"))
    with pytest.raises(sqlite3.OperationalError):
        correlating.advance(issue=failing).result()
    assert history(store) == []
    run(correlating)
    correlating = Correlator(store, read(ABC, "x"))
    run(correlating, 20.0)
    first, second = history(store)
    assert (first["what"], first["sources"], first["issued"]) == ("success", [[0, 1, 1.0], [1, 2, 2.0]], 4)
    assert (second["what"], second["missing"], second["deadline"], second["issued"]) == ("fail", [1], 13.0, 5)
    put(store, (30, "a"))
    run(correlating)
    store.write(lambda db: give_up(db, Why.CHANGED, ["pair"]) and None).result()
    assert [(each["condition"], each["opened"]) for each in history(store)[2:]] == [("pairs", 4)]
    store.write(lambda db: give_up(db, Why.OPERATOR) and None).result()
    assert [(each["condition"], each["what"]) for each in history(store)[3:]] == [("pair", "discarded")]


@pytest.mark.parametrize(
    "arguments",
    [
        {"since": "x"},
        {"since": 1e300},
        {"limit": 0},
        {"limit": "1"},
        {"condition": 1},
        {"event": -1},
        {"event": "1"},
    ],
)
def test_what_the_history_cannot_be_asked(store: Store, arguments: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        Decisions(store, State).list(SOMEBODY, arguments)
