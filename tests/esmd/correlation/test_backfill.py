"""Back-fill of a long past: read beside the store, and only its end kept (R-92)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from esmd.correlation import backfill
from esmd.correlation.backfill import Wanted
from esmd.correlation.correlator import append
from esmd.correlation.state import State
from esmd.tables import MIGRATIONS
from indications.correlation.event import Event
from openesm.store import Store

RULES = """VERSION=2
[each]
CON=E.K==a
SUCCESS_EVENT=E.K:x
[pair]
CON=E.K==b
CON=E.K==c
TIMEOUT=1000
SUCCESS_EVENT=E.K:y
"""
COUNT = 300


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.db", MIGRATIONS)

    def work(db: sqlite3.Connection) -> None:
        for number in range(COUNT):
            append(db, float(number), {"E.K": "a"})
        append(db, COUNT + 0.5, {"E.K": "b"})
        db.execute("INSERT INTO correlation_since VALUES ('each', 200), ('pair', ?)", (COUNT + 1,))
        db.execute("UPDATE correlation SET processed = ?", (COUNT + 1,))

    opened.write(work).result()
    yield opened
    opened.close()


def events(db: sqlite3.Connection, since: float, until: int) -> Iterator[Event]:
    query = "SELECT number, arrived, attributes FROM event WHERE arrived >= ? AND number <= ? ORDER BY number"
    for number, arrived, attributes in db.execute(query, (since, until)):
        yield Event(number, arrived, json.loads(attributes))


def wanted(names: frozenset[str] | None = None, *, is_enabled: bool = True) -> Wanted:
    return Wanted(State(is_enabled=is_enabled, text=RULES), events, 100.0, names)


def kept(store: Store) -> tuple[int, int, int]:
    """Records of the history, matches of sets, conditions that are to be filled."""
    tables = "correlation_history", "correlation_match", "correlation_since"
    found = [
        store.read(lambda db, table=table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for table in tables
    ]
    return found[0], found[1], found[2]


def test_at_once(store: Store) -> None:
    filled = store.write(lambda db: backfill.fill(db, wanted(), 1000.0)).result()
    assert filled.count == 101  # 101 to 200, and the open set
    assert kept(store) == (101, 1, 0)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_sets_go_on_only_where_it_is_on(store: Store, is_enabled: bool) -> None:
    store.write(lambda db: backfill.fill(db, wanted(is_enabled=is_enabled), 1000.0)).result()
    assert kept(store)[1] == is_enabled


def test_one_condition(store: Store) -> None:
    store.write(lambda db: backfill.fill(db, wanted(frozenset({"pair"})), 1000.0)).result()
    assert kept(store) == (1, 1, 1)


def test_a_long_one_writes_only_its_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "RECORDS_MOST", 10)
    filled = store.read(lambda db: backfill.look(db, wanted(), 1000.0))
    assert kept(store) == (0, 0, 2), "it only looks"
    assert (filled.count, len(filled.records)) == (101, 10)
    store.write(lambda db: backfill.keep(db, wanted(), filled)).result()
    assert kept(store) == (10, 0, 0)
    assert filled.records[-1].detail == {"backfill": True, "goes_on": False}


def test_its_size(store: Store) -> None:
    assert store.read(lambda db: backfill.size(db, 290.0)) == 11
