"""Past events for conditions that came into use after them: what they would have decided (R-92).

It goes into the history, and nothing is issued. A condition is back-filled once, with events from before it
came into use only, so that no event is offered to it twice (R-23). Where nothing was taken since then, the
sets that are open go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from esmd.correlation import decisions
from esmd.correlation.state import State
from indications.correlation.definition import Condition, Definition
from indications.correlation.engine import Decision, Engine, Held
from indications.correlation.event import Event
from indications.correlation.history import Record, record, sources
from indications.correlation.matching import admitting
from indications.correlation.starting import OnMissing, conditions
from openesm.patterns import GuardedPatterns

HOUR_S = 3600.0

Events = Callable[[sqlite3.Connection, float, int], Iterator[Event]]
"""Events that arrived since then, agent time, up to a number."""


def run(
    db: sqlite3.Connection, state: State, events: Events, now: float, hours: int, wanted: set[str] | None
) -> list[Record]:
    """Does it, in a transaction; what was decided.

    Args:
        now: agent time.
        wanted: names of conditions; None for all that were not back-filled yet.
    """
    since = dict(db.execute("SELECT condition, number FROM correlation_since"))
    (processed,) = db.execute("SELECT processed FROM correlation").fetchone()
    found: list[Record] = []
    for until in sorted(set(since.values())):
        chosen = [
            each
            for each in state.definition.conditions
            if since.get(each.name) == until and (wanted is None or each.name in wanted)
        ]
        if chosen:
            stream = events(db, now - hours * HOUR_S, until)
            found += _decided(db, state, chosen, stream, now, goes_on=until == processed)
            gone = [(each.name,) for each in chosen]
            db.executemany("DELETE FROM correlation_since WHERE condition = ?", gone)
    decisions.keep(db, found)
    return found


def _decided(
    db: sqlite3.Connection,
    state: State,
    chosen: list[Condition],
    stream: Iterator[Event],
    now: float,
    *,
    goes_on: bool,
) -> list[Record]:
    patterns = GuardedPatterns()
    belongs = state.groups.belongs
    admits = admitting(conditions(state.options.acquire), belongs, patterns)
    engine = Engine(
        Definition(conditions=tuple(chosen)),
        belongs,
        patterns=patterns,
        groups_missing=state.options.missing_attribute is OnMissing.GROUP,
    )
    found: list[Record] = []
    try:
        for event in stream:
            if admits(event.attributes):
                found += _records(engine.step(event))
    finally:
        patterns.close()
    found += _records(engine.expire(now))
    for held in engine.sets():
        if goes_on:
            _keep(db, held)
        detail = {"backfill": True, "goes_on": goes_on}
        name, opened = held.key
        found.append(Record("open", name, opened, held.group, sources(held.matches), detail=detail))
    return found


def _records(decided: list[Decision]) -> Iterator[Record]:
    for each in decided:
        if (kept := record(each, None)) is not None:
            yield kept._replace(detail={"backfill": True})


def _keep(db: sqlite3.Connection, held: Held) -> None:
    """A set that goes on; its events may have come before alerts went into the log."""
    name, opened = held.key
    for con, event in held.matches:
        row = event.number, event.arrived, decisions.as_json(dict(event.attributes)), "[]"
        db.execute(
            "INSERT OR IGNORE INTO event (number, arrived, attributes, chain) VALUES (?, ?, ?, ?)", row
        )
        db.execute("INSERT INTO correlation_match VALUES (?, ?, ?, ?)", (name, opened, event.number, con))
