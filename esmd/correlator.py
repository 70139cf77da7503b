"""Correlation over the event log: events, their decisions and the position in one transaction (R-33).

A kill at any moment leaves what the last commit had; the next start goes on from there, and gives what an
uninterrupted run gives, each correlation event once. Of a set, the numbers of its events are kept; the events
are in the log. A correlation event is offered at once, at its own time, not where it stands in the log: so a
backlog gives what it gave live, in whatever batches it is read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from math import inf, nextafter
from operator import itemgetter

from esmd.decisions import keep
from indications.correlation.definition import Definition
from indications.correlation.engine import Decision, Engine, Failed, Held, Joined, Key, Opened, Succeeded
from indications.correlation.event import Event
from indications.correlation.history import Record, record
from indications.correlation.issuing import Issued
from indications.correlation.matching import Belongs, nobody_belongs
from openesm.store import Store

BATCH = 1000
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
        key: of a correlation event.
        number: that it has elsewhere, beyond all in the log; else the next one.
    """
    row = number, arrived, _JSON.encode(dict(attributes)), _JSON.encode(list(chain)), key
    return db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", row).lastrowid or 0


@dataclass(frozen=True, slots=True)
class Done:
    """What one batch did.

    Attributes:
        events: how many were offered.
        decisions: in their order, for the history.
        is_caught_up: there is nothing more in the log.
    """

    events: int
    decisions: Sequence[Decision]
    is_caught_up: bool


class Correlator:
    """Carries a definition out over the log of a store.

    Args:
        belongs: says which host is of which business group, now.
        issue: puts a correlation event into the log, in the transaction that decided it; its number.
    """

    def __init__(
        self,
        store: Store,
        definition: Definition,
        belongs: Belongs = nobody_belongs,
        issue: Callable[[sqlite3.Connection, Issued], int] | None = None,
    ) -> None:
        self._store = store
        self._definition = definition
        self._belongs = belongs
        self._issue = issue or _append_issued
        self._engine: Engine | None = None  # None where it is not in step with the store
        self._processed = 0
        self._records: list[Record] = []  # of this batch

    def advance(self, now: float | None = None, *, paused: bool = False) -> Future[Done]:
        """One batch; the future has what it did once that is on the disk.

        Args:
            now: agent time; where the log has nothing more, what is late by then fails (R-48). None leaves it
                to the events.
            paused: the events of the log are passed over for good, and time goes on (R-7).
        """

        def work(db: sqlite3.Connection) -> Done:
            self._records = []
            try:
                return self._skip(db, now) if paused else self._batch(db, now)
            except BaseException:
                self._engine = None
                raise

        future = self._store.write(work)
        future.add_done_callback(self._settle)
        return future

    def _settle(self, done: Future[Done]) -> None:
        """A commit that failed has left the engine ahead of the store."""
        if done.cancelled() or done.exception() is not None:
            self._engine = None

    def _batch(self, db: sqlite3.Connection, now: float | None) -> Done:
        engine = self._engine or self._load(db)
        rows = db.execute(
            "SELECT number, arrived, attributes, chain FROM event WHERE number > ? AND key IS NULL"
            " ORDER BY number LIMIT ?",
            (self._processed, BATCH),
        ).fetchall()
        decisions: list[Decision] = []
        for row in rows:
            event = _event(*row)
            self._pass(db, engine, event.arrived, decisions)
            self._take(db, engine, engine.step(event), decisions)
        is_caught_up = len(rows) < BATCH
        if is_caught_up and now is not None:
            self._pass(db, engine, now, decisions)
        self._keep(db, decisions)
        if rows:
            self._processed = rows[-1][0]
            db.execute("UPDATE correlation SET processed = ?", (self._processed,))
        return Done(len(rows), decisions, is_caught_up)

    def _skip(self, db: sqlite3.Connection, now: float | None) -> Done:
        engine = self._engine or self._load(db)
        (last,) = db.execute("SELECT max(number) FROM event WHERE key IS NULL").fetchone()
        decisions: list[Decision] = []
        if now is not None:
            self._pass(db, engine, now, decisions)
        self._keep(db, decisions)
        if last is not None and last > self._processed:
            self._processed = last
            db.execute("UPDATE correlation SET processed = ?", (last,))
        return Done(0, decisions, is_caught_up=True)

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
        """Notes what was decided, and offers what is issued by it (R-58); a chain has an end (R-59)."""
        for each in decided:
            decisions.append(each)
            issued = each.event if isinstance(each, Succeeded | Failed) else None
            number = None if issued is None else self._issue(db, issued)
            if (kept := record(each, number)) is not None:
                self._records.append(kept)
            if issued is not None and number is not None:
                event = Event(number, issued.at, issued.attributes, issued.chain)
                self._take(db, engine, engine.step(event), decisions)

    def _load(self, db: sqlite3.Connection) -> Engine:
        (self._processed,) = db.execute("SELECT processed FROM correlation").fetchone()
        engine = Engine(self._definition, self._belongs)
        engine.resume(self._held(db))
        self._engine = engine
        return engine

    def _held(self, db: sqlite3.Connection) -> Iterator[Held]:
        by = {condition.name: condition.same_attribute for condition in self._definition.conditions}
        rows = db.execute(
            "SELECT condition, opened, con, event.number, arrived, attributes, chain"
            " FROM correlation_match JOIN event ON event.number = correlation_match.number"
            " ORDER BY condition, opened, event.number"
        )
        for (name, _), matches in groupby(rows, itemgetter(0, 1)):
            events = [(con, _event(*row)) for _, _, con, *row in matches]
            first = events[0][1].attributes
            yield Held(name, tuple(first.get(each, "") for each in by.get(name, ())), tuple(events))

    def _keep(self, db: sqlite3.Connection, decisions: Iterable[Decision]) -> None:
        """The sets as they are after the decisions, and the history of these."""
        opened: set[Key] = set()  # in this batch: the store knows nothing of them yet
        matches: dict[Key, list[tuple[str, int, int, int]]] = {}
        ended: list[Key] = []
        for each in decisions:
            if isinstance(each, Opened | Joined):
                if isinstance(each, Opened):
                    opened.add(each.key)
                con, event = each.match
                matches.setdefault(each.key, []).append((*each.key, event.number, con))
            elif isinstance(each, Failed) or (isinstance(each, Succeeded) and each.was_open):
                matches.pop(each.key, None)
                if each.key not in opened:
                    ended.append(each.key)
        db.executemany("DELETE FROM correlation_match WHERE condition = ? AND opened = ?", ended)
        rows = [row for found in matches.values() for row in found]
        db.executemany("INSERT INTO correlation_match VALUES (?, ?, ?, ?)", rows)
        keep(db, self._records)


def _event(number: int, arrived: float, attributes: str, chain: str) -> Event:
    return Event(number, arrived, json.loads(attributes), () if chain == "[]" else tuple(json.loads(chain)))


def _append_issued(db: sqlite3.Connection, event: Issued) -> int:
    return append(db, event.at, event.attributes, event.chain, event.key)
