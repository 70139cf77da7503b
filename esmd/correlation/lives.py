"""The start and the stop of correlation in the store: a transaction each, and a record of what became of it.

`correlation.last_run` says how the last run ended. While one is on it says that it was killed, so that a kill
needs nobody to write that down (R-32 to R-34).
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from esmd.correlation import decisions
from esmd.correlation.correlator import last_event
from esmd.correlation.event_log import last_number
from esmd.correlation.state import State, keep, load, mark
from esmd.prerequisites import lock_state
from esmd.tables import MIGRATIONS
from indications.correlation.definition import Definition
from indications.correlation.history import Record
from indications.correlation.starting import LastRun, OnPause, Plan, StartOption, Where, Why, plan
from openesm.store import Store

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Begun:
    """What a start has done.

    Attributes:
        after: the number of the event after which it goes on.
        sets: that were carried over, or given up where `plan.discards` says why.
        skipped: events of the position that were offered before, and are not again (R-23).
        was_killed: the last run did not end as it was told.
        last_commit: of the last run, wall clock; None where there was none.
    """

    plan: Plan
    after: int
    sets: int
    skipped: int
    was_killed: bool
    last_commit: float | None


@dataclass(frozen=True, slots=True)
class _Run:
    """`last_run` as it is kept.

    Attributes:
        had_database, definition: `integrated_db`, and the mark of the definition in use.
        stopped_after: the number of the last event at the stop; None while it runs.
    """

    had_database: bool
    definition: str
    stopped_after: int | None = None

    def as_left(self, current: _Run, *, has_taken: bool) -> LastRun:
        is_same = self.definition == current.definition
        return LastRun(self.stopped_after is not None, self.had_database, is_same, has_taken)


def begin(db: sqlite3.Connection, state: State, now: float, wanted: Plan | None = None) -> Begun:
    """Starts.

    Args:
        now: agent time.
        wanted: position and sets; else as `starting.plan` says.
    """
    processed, committed_at, kept = db.execute(
        "SELECT processed, committed_at, last_run FROM correlation"
    ).fetchone()
    run, current = _read(kept), _current(state)
    last = None if run is None else run.as_left(current, has_taken=processed > 0)
    planned = wanted or plan(state.options, last)
    first = _first(db, planned, now, (run and run.stopped_after) or 0, processed)
    after = max(first, processed)
    why = planned.discards
    sets = decisions.count_sets(db) if why is None else decisions.give_up(db, why)
    (skipped,) = db.execute(
        "SELECT count(*) FROM event WHERE key IS NULL AND number > ? AND number <= ?", (first, processed)
    ).fetchone()
    db.execute("UPDATE correlation_since SET number = ? WHERE number = ?", (after, processed))
    db.execute("UPDATE correlation SET processed = ?", (after,))
    _keep_run(db, current)
    begun = Begun(planned, after, sets, skipped, last is not None and not last.was_stopped, committed_at)
    decisions.keep(
        db,
        [
            Record(
                "start",
                detail={
                    **_options(state),
                    "position": str(planned.where),
                    "after": after,
                    "sets": sets,
                    "discarded": why and str(why),
                    "skipped": skipped,
                    **({"passed_over": [processed + 1, after]} if after > processed else {}),
                    "was_killed": begun.was_killed,
                    "last_commit": committed_at,
                },
            )
        ],
    )
    return begun


def end(db: sqlite3.Connection, state: State, why: Why | None = None) -> int:
    """Stops: cold gives the sets up, warm keeps them (R-11); how many there were.

    Args:
        why: gives them up in any case.
    """
    if why is None and state.options.start is StartOption.COLD:
        why = Why.COLD_STOP
    sets = decisions.count_sets(db)
    open_sets = decisions.open_sets(db)
    decisions.keep(
        db, [Record("stop", detail={**_options(state), "sets": sets, "discarded": why and str(why)})]
    )
    if why is None:
        decisions.keep(db, [decisions.as_record("saved", each) for each in open_sets])
    else:
        decisions.give_up(db, why)
    _keep_run(db, replace(_of_store(db) or _current(state), stopped_after=last_number(db)))
    return sets


def changed(db: sqlite3.Connection, state: State) -> None:
    """Another definition is in use while it runs."""
    run = _of_store(db) or _current(state)
    _keep_run(db, replace(run, definition=mark(state.definition)))


def note_since(db: sqlite3.Connection, definition: Definition, unchanged: list[str]) -> None:
    """From which event on each condition is in use: those before may be offered to it by a back-fill."""
    names = [each.name for each in definition.conditions]
    known = {name for (name,) in db.execute("SELECT condition FROM correlation_since")}
    gone = [(name,) for name in known if name not in names or name not in unchanged]
    db.executemany("DELETE FROM correlation_since WHERE condition = ?", gone)
    new = [(name,) for name in names if name not in unchanged]
    db.executemany("INSERT INTO correlation_since SELECT ?, processed FROM correlation", new)


def pass_over(db: sqlite3.Connection) -> dict[str, object]:
    """What has come until now is not correlated any more; for the record, which events these are."""
    (processed,) = db.execute("SELECT processed FROM correlation").fetchone()
    last = last_number(db)
    db.execute("UPDATE correlation SET processed = ?", (last,))
    return {"passed_over": [processed + 1, last]} if last > processed else {}


def note_pause(db: sqlite3.Connection, state: State) -> None:
    """Begins a pause, or ends it: then what came in it is passed over, unless it was held (R-7)."""
    last = last_event(db)
    passed_over = None
    if not state.is_paused and state.options.on_pause is OnPause.DISCARD:
        (processed,) = db.execute("SELECT processed FROM correlation").fetchone()
        paused_after = _one(
            db,
            "SELECT ifnull(max(record ->> '$.detail.after'), 0) FROM correlation_history"
            " WHERE record ->> '$.what' = 'pause'",
            (),
        )
        passed_over = [paused_after + 1, last] if last > paused_after else None
        db.execute("UPDATE correlation SET processed = ?", (max(processed, last),))
    detail = {"after": last, **({"passed_over": passed_over} if passed_over else {})}
    decisions.keep(db, [Record("pause" if state.is_paused else "resume", detail=detail)])


def store_definition(folder: Path, text: str, file: str) -> None:
    """Keeps a definition while no agent runs; the next start takes it (R-4).

    Args:
        folder: of the agent's state.

    Raises:
        StartError: an agent runs there.
        StoreError, sqlite3.Error: the store cannot be used.
    """
    lock = lock_state(folder)
    try:
        store = Store(folder / "store.db", MIGRATIONS)
        try:
            store.write(lambda db: _replace_definition(db, text, file)).result()
        finally:
            store.close()
    finally:
        os.close(lock)


def _replace_definition(db: sqlite3.Connection, text: str, file: str) -> None:
    before = load(db)
    fresh = replace(before, text=text, applied_at=time.time())
    keep(db, fresh)
    known = {each.canonical for each in before.definition.conditions}
    note_since(db, fresh.definition, [e.name for e in fresh.definition.conditions if e.canonical in known])
    conditions = len(fresh.definition.conditions)
    decisions.keep(db, [Record("applied", detail={"file": file, "conditions": conditions, "stored": True})])


def _options(state: State) -> dict[str, object]:
    options = state.options
    return {"option": str(options.start), "begin": options.begin, "integrated_db": options.integrated_db}


def _current(state: State) -> _Run:
    return _Run(state.options.integrated_db, mark(state.definition))


def _of_store(db: sqlite3.Connection) -> _Run | None:
    return _read(db.execute("SELECT last_run FROM correlation").fetchone()[0])


def _read(kept: str) -> _Run | None:
    given = json.loads(kept)
    return None if given is None else _Run(**given)


def _keep_run(db: sqlite3.Connection, run: _Run) -> None:
    db.execute("UPDATE correlation SET last_run = ?", (json.dumps(asdict(run)),))


def _first(db: sqlite3.Connection, planned: Plan, now: float, stopped_after: int, processed: int) -> int:
    """The number after which the position begins, before what was offered is left out."""
    match planned.where:
        case Where.OLDEST:
            return 0
        case Where.NEXT:
            return processed
        case Where.LAST_STOP:
            return stopped_after
        case Where.HOURS:
            query = "SELECT ifnull(max(number), 0) FROM event WHERE key IS NULL AND arrived < ?"
            return _one(db, query, (now - planned.hours * HOUR_S,))
        case _:
            return last_number(db)


def _one(db: sqlite3.Connection, query: str, args: Sequence[object]) -> int:
    return int(db.execute(query, args).fetchone()[0])
