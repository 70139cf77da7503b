"""Past events for conditions that came into use after them: what they would have decided (R-92).

It goes into the history, and nothing is issued. A condition is back-filled once, with events from before it
came into use only, so that no event is offered to it twice (R-23). Where nothing was taken since then, the
sets that are open go on.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from esmd.correlation import decisions
from esmd.correlation.correlator import next_taken
from esmd.correlation.state import State
from indications.correlation.deciding import Decision, Held
from indications.correlation.definition import Condition, Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.history import Record, record, sources
from indications.correlation.matching import admitting
from indications.correlation.starting import OnMissing, conditions
from openesm.patterns import GuardedPatterns

HOUR_S = 3600.0
AT_ONCE_MOST = 20_000  # events that are read while the store waits, half a second
RECORDS_MOST = 10_000

Events = Callable[[sqlite3.Connection, float, int], Iterator[Event]]
"""Events that arrived since then, agent time, up to a number."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was decided.

    Attributes:
        records: the last ones of them.
        count: of all.
    """

    records: Sequence[Record] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """Conditions that came into use together; `until` is the last event before that."""

    conditions: tuple[Condition, ...]
    until: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be filled.

    Args:
        names: of conditions; None for all that were not filled yet.
        since: agent time.
    """

    state: State
    events: Events
    since: float
    names: frozenset[str] | None = None


def size(db: sqlite3.Connection, since: float) -> int:
    """How many events there are since then, about."""
    query = (
        "SELECT (SELECT count(*) FROM alert WHERE agent_at >= :since)"
        " + (SELECT count(*) FROM event WHERE arrived >= :since)"
    )
    return int(db.execute(query, {"since": since}).fetchone()[0])


def fill(db: sqlite3.Connection, wanted: Wanted, now: float) -> Filled:
    """In a transaction; open sets go on where they can."""
    (processed,) = db.execute("SELECT processed FROM correlation").fetchone()
    found = _Found()
    for group in _groups(db, wanted):
        goes_on = group.until == processed and wanted.state.is_enabled
        for held in _decide(db, wanted, group, now, found):
            if goes_on:
                _keep(db, held)
            found.add([_open(held, goes_on)])
    return keep(db, wanted, found.filled())


def look(db: sqlite3.Connection, wanted: Wanted, now: float) -> Filled:
    """Reads only, for a long time: what `keep` then writes; open sets do not go on."""
    found = _Found()
    for group in _groups(db, wanted):
        found.add(_open(held, False) for held in _decide(db, wanted, group, now, found))
    return found.filled()


def keep(db: sqlite3.Connection, wanted: Wanted, filled: Filled) -> Filled:
    """Writes it down, and that it was done."""
    gone = [(each.name,) for group in _groups(db, wanted) for each in group.conditions]
    db.executemany("DELETE FROM correlation_since WHERE condition = ?", gone)
    decisions.keep(db, filled.records)
    return filled


def _groups(db: sqlite3.Connection, wanted: Wanted) -> list[_Group]:
    since = dict(db.execute("SELECT condition, number FROM correlation_since"))
    chosen = [
        each
        for each in wanted.state.definition.conditions
        if each.name in since and (wanted.names is None or each.name in wanted.names)
    ]
    return [
        _Group(tuple(each for each in chosen if since[each.name] == until), until)
        for until in sorted({since[each.name] for each in chosen})
    ]


class _Found:
    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=RECORDS_MOST)
        self._count = 0

    def add(self, records: Iterable[Record]) -> None:
        for each in records:
            self._records.append(each)
            self._count += 1

    def filled(self) -> Filled:
        return Filled(tuple(self._records), self._count)


def _decide(
    db: sqlite3.Connection, wanted: Wanted, group: _Group, now: float, found: _Found
) -> Iterator[Held]:
    """The sets that are open in the end."""
    patterns, state = GuardedPatterns(), wanted.state
    belongs = state.groups.belongs
    admits = admitting(conditions(state.options.acquire), belongs, patterns)
    engine = Engine(
        Definition(conditions=group.conditions),
        belongs,
        patterns=patterns,
        groups_missing=state.options.missing_attribute is OnMissing.GROUP,
    )
    try:
        for event in wanted.events(db, wanted.since, group.until):
            if admits(event.attributes):
                found.add(_records(engine.step(event)))
    finally:
        patterns.close()
    found.add(_records(engine.expire(now)))
    return engine.sets()


def _records(decided: Sequence[Decision]) -> Iterator[Record]:
    for each in decided:
        if (kept := record(each, None)) is not None:
            yield kept._replace(detail={"backfill": True})


def _open(held: Held, goes_on: bool) -> Record:
    name, opened = held.key
    detail = {"backfill": True, "goes_on": goes_on}
    return Record("open", name, opened, held.group, sources(held.matches), detail=detail)


def _keep(db: sqlite3.Connection, held: Held) -> None:
    """A set that goes on; its events may have come before alerts went into the log."""
    name, opened = held.key
    for taken, (con, event) in enumerate(held.matches, next_taken(db)):
        row = event.number, event.arrived, decisions.as_json(dict(event.attributes)), "[]"
        db.execute(
            "INSERT OR IGNORE INTO event (number, arrived, attributes, chain) VALUES (?, ?, ?, ?)", row
        )
        match = name, opened, event.number, con, taken
        db.execute("INSERT INTO correlation_match VALUES (?, ?, ?, ?, ?)", match)
