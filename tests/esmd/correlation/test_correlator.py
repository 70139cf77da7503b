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
from indications.correlation.deciding import Decision
from indications.correlation.definition import Definition
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
    return [key.partition("#")[0] for (key,) in rows]


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
        store.write(lambda db: correlating.batch(db, issue=failing)).result()
    assert keys(store) == []
    run(correlating)
    assert keys(store) == ["pair/1/SUCCESS"]


TOGETHER = """VERSION=2
[first]
CON=E.K==x
SUCCESS_EVENT=E.K:first
[both]
CON=E.K==x
CON=E.K==first
TIMEOUT=10
SUCCESS_EVENT=E.K:both
FAIL_EVENT=E.K:never
"""
AFTER = """VERSION=2
[first]
CON=E.K==x
SUCCESS_EVENT=E.K:first
[then]
CON=E.K==first
CON=E.K==y
CON=E.K==z
TYPE=sequence
TIMEOUT=10
SUCCESS_EVENT=E.K:then
FAIL_EVENT=E.K:never
"""
OLDEST = """VERSION=2
[first]
CON=E.K==x
SUCCESS_EVENT=E.K:p
[then]
CON=E.K==p
CON=E.K==q
TIMEOUT=10
SUCCESS_EVENT=E.K:then
"""


def sources(store: Store) -> list[str]:
    seqno = "attributes ->> '$.\"E.JP1_GENERATE_SOURCE_SEQNO\"'"
    query = f"SELECT {seqno} FROM event WHERE key NOT NULL ORDER BY number"
    return [found for (found,) in store.read(lambda db: db.execute(query).fetchall())]


def open_sets(store: Store) -> int:
    return store.read(lambda db: int(db.execute("SELECT count(*) FROM correlation_match").fetchone()[0]))


def test_a_set_that_its_own_event_completes_is_gone(store: Store) -> None:
    """The correlation event is offered after all that the event before it has decided."""
    put(store, (1, "x"))
    run(Correlator(store, read(TOGETHER, "x")))
    assert (keys(store), open_sets(store)) == (["first/1/SUCCESS", "both/1/SUCCESS"], 0)
    run(Correlator(store, read(TOGETHER, "x")), 100.0)
    assert len(keys(store)) == 2


@pytest.mark.parametrize("restarts", [False, True])
def test_a_set_that_a_correlation_event_opened(store: Store, restarts: bool) -> None:
    """Its number is beyond that of y, which was taken after it."""
    correlating = Correlator(store, read(AFTER, "x"))
    put(store, (1, "x"), (2, "y"))
    run(correlating)
    put(store, (3, "z"))
    run(Correlator(store, read(AFTER, "x")) if restarts else correlating)
    assert keys(store) == ["first/1/SUCCESS", "then/3/SUCCESS"]
    assert sources(store)[1] == "3 2 4"
    assert open_sets(store) == 0
    run(Correlator(store, read(AFTER, "x")), 100.0)
    assert len(keys(store)) == 2


@pytest.mark.parametrize("batch", [1, 1000])
def test_the_oldest_set_is_the_same_in_any_batches(
    store: Store, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """R-47, R-51: the set of the correlation event began before that of p."""
    monkeypatch.setattr(correlator, "BATCH", batch)
    put(store, (1.0, "x"), (1.4, "p"), (2.0, "q"))
    run(Correlator(store, read(OLDEST, "x")))
    rows = store.read(
        lambda db: db.execute(
            "SELECT arrived FROM correlation_match JOIN event ON event.number = correlation_match.number"
        ).fetchall()
    )
    assert rows == [(1.4,)], "what is left is the younger one"


def test_the_same_event_opens_a_set_of_another_definition(store: Store) -> None:
    """An event is issued once for a condition, not for its name."""
    put(store, (1, "a"))
    run(Correlator(store, read(ABC, "x")), 20.0)
    store.write(lambda db: db.execute("INSERT INTO correlation_match VALUES ('pair', 1, 1, 0, 1)") and None)
    run(Correlator(store, read(ABC.replace("TIMEOUT=10", "TIMEOUT=30"), "x")), 100.0)
    assert keys(store) == ["pair/1/FAIL", "pair/1/FAIL"]
    store.write(lambda db: db.execute("INSERT INTO correlation_match VALUES ('pair', 1, 1, 0, 1)") and None)
    run(Correlator(store, read(ABC, "x")), 100.0)
    assert len(keys(store)) == 2, "this one was issued before"


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
        store.write(lambda db: correlating.batch(db, issue=failing)).result()
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
