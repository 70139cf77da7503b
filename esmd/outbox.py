"""From an alert to the queues of those who asked for it, in one transaction with what produced it.

The queue of a destination is a table; an indication gets its sequence number when it is about to be sent for
the first time, and keeps it (I04 to I07). Nothing is forgotten before the listener has accepted it, its
subscription was removed, or its time is over.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from esmd.pace import Pace
from esmd.queues import drop, enqueue, lapse
from esmd.registry import Registry
from indications.alert import from_json, to_json
from indications.delivery.retry import is_given_up
from openesm.cim.errors import CIMError
from openesm.cim.schema import Class
from openesm.cim.values import Instance, Value
from openesm.model import Alert
from openesm.store import Store
from openesm.text import Message
from subscription.model import Filter, Subscription
from subscription.query import Query, parse
from subscription.repeat import Repeats
from subscription.repeat import step as repeat_step

BACKLOG_MOST = 100_000  # rows kept for one lapsed subscription
HISTORY_DAYS = 90
HISTORY_MOST = 200_000

log = logging.getLogger("openesm.outbox")

Also = Callable[[sqlite3.Connection], None]
Note = Callable[[sqlite3.Connection, Alert, int, float, set[int]], None]
"""Gets an alert, its number, and when, agent time; and the destinations to be woken, to add to them."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An indication that has its place in a destination's queue."""

    number: int
    sequence: int
    context: str
    alert: int  # its number in the history
    text: str  # the alert as JSON
    queued_at: float
    replayed: bool


@dataclass(slots=True)
class Standing:
    """How a destination does; times are agent time."""

    sent: int = 0
    given_up: int = 0
    last_success: float | None = None
    failing_since: float | None = None
    error: Message | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An indication as filters look at it."""

    cls: Class
    instance: Instance

    def value(self, name: str) -> Value:
        found = self.instance.get(name)
        return None if found is None else found.value

    def isa(self, classname: str) -> bool:
        return self.cls.isa(classname)


class Outbox:
    """Queues alerts and hands them to the couriers.

    Args:
        indication: the CIM indication that an alert is, as far as filters look at it, and its class.
        now: agent time.
        queued: called after the commit, in the writer's thread, with the destinations that got something.
        pace: how long an indication waits for its listener.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        indication: Callable[[Alert], tuple[Class, Instance]],
        now: Callable[[], float],
        queued: Callable[[frozenset[int]], None],
        pace: Pace,
    ) -> None:
        self._store = store
        self._registry = registry
        self._indication = indication
        self._now = now
        self._queued = queued
        self._pace = pace
        self._note: Note = lambda _db, _alert, _number, _now, _told: None
        self._queries: dict[tuple[str, str], Query] = {}
        self._repeats: dict[tuple[int, str], Repeats] = {}

    # -- in

    def note(self, note: Note) -> None:
        """Says what else is done with each alert, in the transaction that makes it durable."""
        self._note = note

    def publish(self, alert: Alert, also: Also | None = None) -> Future[int]:
        """Makes an alert durable with all its copies; the future has its number in the history.

        Args:
            also: what else belongs to the same transaction (the state of the watch that produced it).
        """
        told: set[int] = set()

        def work(db: sqlite3.Connection) -> int:
            if also is not None:
                also(db)
            return self.insert(db, alert, told)

        future = self._store.write(work)
        future.add_done_callback(lambda done: None if done.exception() else self._queued(frozenset(told)))
        return future

    def insert(self, db: sqlite3.Connection, alert: Alert, told: set[int]) -> int:
        """Puts an alert into the history and the queues, within a transaction; its number.

        Args:
            told: gets the destinations that have to be woken when the transaction is done.
        """
        now, candidate = self._now(), _Candidate(*self._indication(alert))
        book = self._registry.book
        selecting = [
            subscription
            for subscription in book.active(now)
            if self._wants(book.filter_of(subscription), candidate) and self._passes(subscription, alert, now)
        ]
        cursor = db.execute(
            "INSERT INTO alert (uuid, at, agent_at, source, event_id, severity, element, alert, selected)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alert.uuid,
                alert.at,
                now,
                alert.source,
                alert.event_id,
                int(alert.severity),
                alert.element_id,
                to_json(alert),
                len(selecting),
            ),
        )
        number = cursor.lastrowid or 0
        for subscription in selecting:
            destination = book.destination_of(subscription).number
            enqueue(db, destination, subscription.number, number, now)
            told.add(destination)
        for expired in book.expired(now):  # and not removed yet: what comes from here on is for the backlog
            lapse(db, book, expired, expired.expires_at or now)
        self._keep_for_lapsed(db, candidate, number, now)
        self._note(db, alert, number, now, told)
        return number

    def _wants(self, wanted: Filter, candidate: _Candidate) -> bool:
        return "root/esmpro/as" in (n.lower() for n in wanted.source_namespaces) and self._matches(
            wanted.query, wanted.language, candidate
        )

    def _matches(self, text: str, language: str, candidate: _Candidate) -> bool:
        """A query that cannot be answered for this alert selects it not; others must not suffer from it."""
        key = text, language
        try:
            if key not in self._queries:
                self._queries[key] = parse(text, language)
            query = self._queries[key]
            return candidate.isa(query.classname) and query.accepts(candidate)
        except CIMError as refused:
            log.debug("filter %s: %s", text, refused)
            return False

    def _passes(self, subscription: Subscription, alert: Alert, now: float) -> bool:
        """RepeatNotificationPolicy, by element and event."""
        key = subscription.number, f"{alert.element_id}/{alert.event_id}"
        self._repeats[key], passes = repeat_step(subscription, self._repeats.get(key, Repeats()), now)
        return passes

    def _keep_for_lapsed(self, db: sqlite3.Connection, candidate: _Candidate, alert: int, now: float) -> None:
        """What a lapsed subscription would have had is kept, up to a size, for its destination's return."""
        for lapsed, query, language in db.execute("SELECT number, query, language FROM lapsed").fetchall():
            if not self._matches(query, language, candidate):
                continue
            (kept,) = db.execute("SELECT count(*) FROM backlog WHERE lapsed = ?", (lapsed,)).fetchone()
            if kept < BACKLOG_MOST:
                db.execute(
                    "INSERT INTO backlog (lapsed, alert, queued_at) VALUES (?, ?, ?)", (lapsed, alert, now)
                )
            else:
                db.execute("UPDATE lapsed SET dropped = dropped + 1 WHERE number = ?", (lapsed,))

    def since(self, number: int, wanted: Filter) -> Callable[[sqlite3.Connection], list[int]]:
        """The alerts of the history after one that a filter selects, to be called in a transaction.

        Most are found before that, so that the writer has only the last ones to look at.
        """
        found, last = self._store.read(lambda db: self._selected(db, number, wanted))

        def rest(db: sqlite3.Connection) -> list[int]:
            return (found + self._selected(db, last, wanted)[0])[-BACKLOG_MOST:]

        return rest

    def number_of(self, uuid: str) -> int | None:
        """An alert's number in the history; None where it is not there (any more)."""
        query = "SELECT number FROM alert WHERE uuid = ?"
        row = self._store.read(lambda db: db.execute(query, (uuid,)).fetchone())
        return None if row is None else int(row[0])

    def _selected(self, db: sqlite3.Connection, after: int, wanted: Filter) -> tuple[list[int], int]:
        """The numbers of those beyond `after`, and the last number that was looked at."""
        found: list[int] = []
        for number, text in db.execute(
            "SELECT number, alert FROM alert WHERE number > ? ORDER BY number", (after,)
        ):
            if self._wants(wanted, _Candidate(*self._indication(from_json(text)))):
                found.append(number)
            after = number
        return found, after

    # -- out

    def claim(self, destination: int, after: int, most: int) -> Future[list[Waiting]]:
        """The next indications of a queue beyond row `after`; each has its sequence number from here on."""

        def work(db: sqlite3.Connection) -> list[Waiting]:
            _number(db, destination, after, most)
            return list(_waiting(db, destination, after, most))

        return self._store.write(work)

    def delivered(self, destination: int, last: int, count: int) -> Future[None]:
        """Forgets a queue up to row `last`: its listener has accepted them, `count` since the last time."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM pending WHERE destination = ? AND number <= ?", (destination, last))
            db.execute(
                "UPDATE destination SET sent = sent + ?, last_success = ?, failing_since = NULL"
                " WHERE number = ?",
                (count, now, destination),
            )

        return self._store.write(work)

    def note_failing(self, destination: int, since: float | None) -> Future[None]:
        """Remembers over a restart since when a destination takes nothing; None when it takes again."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE destination SET failing_since = ? WHERE number = ?", (since, destination))

        return self._store.write(work)

    def standing(self, destination: int) -> Standing:
        """How a destination did, before the last restart too."""
        row = self._store.read(
            lambda db: db.execute(
                "SELECT sent, given_up, last_success, failing_since FROM destination WHERE number = ?",
                (destination,),
            ).fetchone()
        )
        return Standing(*row) if row else Standing()

    def is_over(self, row: Waiting) -> bool:
        """Whether a row has waited its time."""
        return is_given_up(row.queued_at, self._now(), self._pace.retention_s)

    def give_up(self, destination: int) -> Future[int]:
        """Forgets what waited longer than the retention; how many that were."""
        oldest = self._now() - self._pace.retention_s

        def work(db: sqlite3.Connection) -> int:
            count = drop(db, "destination = ? AND queued_at <= ?", (destination, oldest))
            db.execute(
                "UPDATE destination SET given_up = given_up + ? WHERE number = ?", (count, destination)
            )
            return count

        return self._store.write(work)

    def tidy(self) -> Future[None]:
        """Ends lapsed subscriptions after the retention, and cuts the history by age and size."""
        now, oldest_at, kept_s = self._now(), HISTORY_DAYS * 86400.0, self._pace.backlog_s

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM backlog WHERE queued_at < ?", (now - kept_s,))
            db.execute(
                "DELETE FROM lapsed WHERE since < ? AND number NOT IN (SELECT lapsed FROM backlog)",
                (now - kept_s,),
            )
            db.execute(
                "DELETE FROM alert WHERE (agent_at < ? OR number <= (SELECT max(number) FROM alert) - ?)"
                " AND number NOT IN (SELECT alert FROM pending)"
                " AND number NOT IN (SELECT alert FROM backlog)",
                (now - oldest_at, HISTORY_MOST),
            )

        return self._store.write(work)

    def counts(self) -> dict[int, int]:
        """How many indications wait, by destination."""
        return self._store.read(
            lambda db: dict(db.execute("SELECT destination, count(*) FROM pending GROUP BY destination"))
        )


def _number(db: sqlite3.Connection, destination: int, after: int, most: int) -> None:
    """Gives the next sequence numbers to those of the `most` rows beyond `after` that have none yet."""
    row = db.execute(
        "SELECT next_sequence, claimed FROM destination WHERE number = ?", (destination,)
    ).fetchone()
    if row is None:
        return
    first, claimed = row
    (last,) = db.execute(
        "SELECT max(number) FROM (SELECT number FROM pending WHERE destination = ? AND number > ?"
        " ORDER BY number LIMIT ?)",
        (destination, after, most),
    ).fetchone()
    if last is None or last <= claimed:
        return
    count = db.execute(
        "UPDATE pending SET sequence = ? + place FROM"
        " (SELECT number AS row, row_number() OVER (ORDER BY number) - 1 AS place FROM pending"
        "  WHERE destination = ? AND number > ? AND number <= ?)"
        " WHERE number = row",
        (first, destination, claimed, last),
    ).rowcount
    db.execute(
        "UPDATE destination SET next_sequence = ?, claimed = ? WHERE number = ?",
        (first + count, last, destination),
    )


def _waiting(db: sqlite3.Connection, destination: int, after: int, most: int) -> Iterator[Waiting]:
    rows: list[tuple[Any, ...]] = db.execute(
        "SELECT pending.number, sequence, context, alert.number, alert.alert, queued_at, replayed"
        " FROM pending JOIN alert ON alert.number = pending.alert"
        " JOIN destination ON destination.number = pending.destination"
        " WHERE pending.destination = ? AND pending.number > ? ORDER BY pending.number LIMIT ?",
        (destination, after, most),
    ).fetchall()
    for number, sequence, context, alert, text, queued_at, replayed in rows:
        yield Waiting(number, sequence, context, alert, text, queued_at, bool(replayed))
