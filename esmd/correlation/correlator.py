"""Correlation over the event log: events, their decisions and the position in one transaction (R-33).

A kill at any moment leaves what the last commit had; the next start goes on from there, and gives what an
uninterrupted run gives, each correlation event once. Of a set, the numbers of its events are kept; the events
are in the log. A correlation event is offered at once, at its own time, not where it stands in the log: so a
backlog gives what it gave live, in whatever batches it is read.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf, nextafter

from esmd.correlation.decisions import keep
from indications.correlation.deciding import (
    Decision,
    Failed,
    Held,
    Joined,
    Key,
    Limited,
    LimitEnded,
    Opened,
    Succeeded,
    group_of,
)
from indications.correlation.definition import Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.history import Record, record
from indications.correlation.issuing import Issued, Match
from indications.correlation.matching import Belongs, admitting, nobody_belongs
from indications.correlation.starting import OnMissing, Options, conditions
from openesm.patterns import Patterns, PlainPatterns
from openesm.store import Store

BATCH = 1000
Issue = Callable[[sqlite3.Connection, Issued], int | None]
"""Puts a correlation event into the log, in its decision's transaction: its number, None if it was there."""
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def append(
    db: sqlite3.Connection,
    arrived: float,
    attributes: Mapping[str, str],
    chain: Sequence[str] = (),
    key: str | None = None,
    number: int | None = None,
) -> int:
    """Puts an event at the end of the log, in its maker's transaction; its number.

    Args:
        key: of a correlation event; 0 is the number of one that is there already.
        number: that it has elsewhere, beyond all in the log; else the next one.
    """
    names = f"""["{'","'.join(chain)}"]""" if chain else "[]"  # of conditions: nothing to be escaped
    row = number, arrived, _JSON.encode(dict(attributes)), names, key
    kept = db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING", row)
    return (kept.lastrowid or 0) if kept.rowcount else 0


@dataclass(frozen=True, slots=True)
class Done:
    """What one batch did.

    Attributes:
        events: how many were taken.
        decisions: in their order.
        is_caught_up: there is nothing more in the log.
        offered: how often one was offered to a condition.
        behind_s: how long ago the last one arrived that was taken; 0 where there is nothing more.
        next_deadline: when something fails next, agent time; None where nothing is in progress.
    """

    events: int
    decisions: Sequence[Decision]
    is_caught_up: bool
    offered: int = 0
    behind_s: float = 0.0
    next_deadline: float | None = None


class Correlator:
    """Carries a definition out over the log of a store.

    Args:
        belongs: says which host is of which business group, now.
        options: those about events are followed here: `acquire` and `missing_attribute`.
        patterns: search for regular expressions that are not linear.
    """

    def __init__(
        self,
        store: Store,
        definition: Definition,
        belongs: Belongs = nobody_belongs,
        options: Options | None = None,
        patterns: Patterns | None = None,
    ) -> None:
        self._store = store
        self._definition = definition
        self._belongs = belongs
        self._issue: Issue = _append_issued  # of this batch
        self._options = options = options or Options()
        self._patterns = patterns or PlainPatterns()
        wanted = conditions(options.acquire)
        self._admits = admitting(wanted, belongs, self._patterns) if wanted else None
        self._engine: Engine | None = None  # None where it is not in step with the store
        self._processed = 0
        self._taken = 0  # the next one of `correlation_match.taken`
        self._records: list[Record] = []  # of this batch

    def advance(self, now: float | None = None) -> Future[Done]:
        """One batch, in a transaction of its own; the future has what it did once that is on the disk."""
        return self._store.write(lambda db: self.batch(db, now))

    def batch(
        self,
        db: sqlite3.Connection,
        now: float | None = None,
        *,
        paused: bool = False,
        issue: Issue | None = None,
    ) -> Done:
        """One batch, in a transaction of the store.

        Args:
            now: agent time; where the log has nothing more, what is late by then fails (R-48). None leaves it
                to the events.
            paused: the events of the log are passed over for good, and time goes on (R-7).
            issue: puts a correlation event into the log; else it is there only.
        """
        self._store.when_settled(self._settle)
        self._records, self._issue = [], issue or _append_issued
        with _without_collector():
            return self._decide(db, now, paused)

    def _decide(self, db: sqlite3.Connection, now: float | None, paused: bool) -> Done:
        engine = self._engine or self._load(db)
        offered, decisions = engine.offered, list[Decision]()
        rows = [] if paused else self._waiting(db)
        for event in _events(rows):
            self._pass(db, engine, event.arrived, decisions)
            if self._admits is None or self._admits(event.attributes):
                self._take(db, engine, engine.step(event), decisions)
        is_caught_up = len(rows) < BATCH
        if is_caught_up and now is not None:
            self._pass(db, engine, now, decisions)
        self._keep(db, engine, decisions)
        if rows:
            self._move(db, rows[-1][0])
        elif paused:
            self._move(db, max(self._processed, last_event(db)))
        behind = 0.0 if is_caught_up or now is None else max(0.0, now - rows[-1][1])
        offers = engine.offered - offered
        return Done(len(rows), decisions, is_caught_up, offers, behind, engine.next_deadline)

    def _settle(self, is_kept: bool) -> None:
        """A transaction that failed has left the engine ahead of the store."""
        if not is_kept:
            self._engine = None

    def forget(self) -> None:
        """The next batch begins with what the store has."""
        self._engine = None

    def _waiting(self, db: sqlite3.Connection) -> list[tuple[int, float, str, str]]:
        return db.execute(
            "SELECT number, arrived, attributes, chain FROM event WHERE number > ? AND key IS NULL"
            " ORDER BY number LIMIT ?",
            (self._processed, BATCH),
        ).fetchall()

    def _move(self, db: sqlite3.Connection, processed: int) -> None:
        self._processed = processed
        db.execute("UPDATE correlation SET processed = ?, committed_at = ?", (processed, time.time()))

    def _pass(self, db: sqlite3.Connection, engine: Engine, now: float, decisions: list[Decision]) -> None:
        """Time goes by, one deadline after the other: what one issues may still meet the next."""
        while (deadline := engine.next_deadline) is not None and deadline < now:
            self._take(db, engine, engine.expire(nextafter(deadline, inf)), decisions)

    def _take(
        self,
        db: sqlite3.Connection,
        engine: Engine,
        decided: Sequence[Decision],
        decisions: list[Decision],
    ) -> None:
        """Notes what one step decided, then offers what is issued by it (R-58); a chain has an end (R-59)."""
        decisions += decided
        for each in decided:
            issued = each.event if isinstance(each, Succeeded | Failed) else None
            number = None if issued is None else self._issue(db, issued)
            if (kept := record(each, number)) is not None:
                self._records.append(kept)
            if issued is None or number is None:
                continue
            if self._admits is None or self._admits(issued.attributes):
                event = Event(number, issued.at, issued.attributes, issued.chain)
                self._take(db, engine, engine.step(event), decisions)

    def _load(self, db: sqlite3.Connection) -> Engine:
        self._processed, limited = db.execute("SELECT processed, limited FROM correlation").fetchone()
        engine = Engine(
            self._definition,
            self._belongs,
            patterns=self._patterns,
            groups_missing=self._options.missing_attribute is OnMissing.GROUP,
        )
        engine.resume(held(db, self._definition), json.loads(limited))
        self._taken = next_taken(db)
        self._engine = engine
        return engine

    def _keep(self, db: sqlite3.Connection, engine: Engine, decisions: Iterable[Decision]) -> None:
        """The sets as they are after the decisions, and the history of these."""
        opened: set[Key] = set()  # in this batch: the store knows nothing of them yet
        matches: dict[Key, list[tuple[str, int, int, int, int]]] = {}
        ended: list[Key] = []
        has_limits_changed = False
        for each in decisions:
            if isinstance(each, Opened | Joined):
                if isinstance(each, Opened):
                    opened.add(each.key)
                con, event = each.match
                row = (*each.key, event.number, con, self._taken)
                matches.setdefault(each.key, []).append(row)
                self._taken += 1
            elif isinstance(each, Failed) or (isinstance(each, Succeeded) and each.was_open):
                matches.pop(each.key, None)
                if each.key not in opened:
                    ended.append(each.key)
            elif isinstance(each, Limited | LimitEnded):
                has_limits_changed = True
        db.executemany("DELETE FROM correlation_match WHERE condition = ? AND opened = ?", ended)
        rows = [row for found in matches.values() for row in found]
        db.executemany("INSERT INTO correlation_match VALUES (?, ?, ?, ?, ?)", rows)
        if has_limits_changed:
            db.execute("UPDATE correlation SET limited = ?", (_JSON.encode(engine.limited),))
        keep(db, self._records)


@contextmanager
def _without_collector() -> Iterator[None]:
    """A batch makes thousands of objects that live to its end; to look for cycles in them costs a tenth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def held(db: sqlite3.Connection, definition: Definition) -> list[Held]:
    """The sets in progress, as they are kept, in the order in which they were opened."""
    by = {condition.name: condition.same_attribute for condition in definition.conditions}
    rows = db.execute(
        "SELECT event.number, arrived, attributes, chain, condition, opened, con"
        " FROM correlation_match JOIN event ON event.number = correlation_match.number ORDER BY taken"
    ).fetchall()
    matches: dict[Key, list[Match]] = {}
    for row, event in zip(rows, _events([row[:4] for row in rows]), strict=True):
        matches.setdefault((row[4], row[5]), []).append((row[6], event))
    return [
        Held(name, group_of(by.get(name, ()), found[0][1]), tuple(found))
        for (name, _), found in matches.items()
    ]


def last_event(db: sqlite3.Connection) -> int:
    """The number of the last event that is not of correlation; 0 where there is none."""
    query = "SELECT ifnull(max(number), 0) FROM event WHERE key IS NULL"
    return int(db.execute(query).fetchone()[0])


def next_taken(db: sqlite3.Connection) -> int:
    """The place of the next match among all that are kept."""
    return int(db.execute("SELECT ifnull(max(taken), 0) + 1 FROM correlation_match").fetchone()[0])


def _events(rows: Sequence[tuple[int, float, str, str]]) -> Iterator[Event]:
    """Rows of the log; their attributes are read in one go, which costs half of one by one."""
    attributes = json.loads(f"[{','.join([row[2] for row in rows])}]")
    for (number, arrived, _, chain), each in zip(rows, attributes, strict=True):
        yield Event(number, arrived, each, () if chain == "[]" else tuple(json.loads(chain)))


def _append_issued(db: sqlite3.Connection, event: Issued) -> int | None:
    return append(db, event.at, event.attributes, event.chain, event.key) or None


def is_issued(db: sqlite3.Connection, key: str) -> bool:
    """Whether the log has a correlation event; it is there once, whatever happens."""
    return db.execute("SELECT 1 FROM event WHERE key = ?", (key,)).fetchone() is not None
