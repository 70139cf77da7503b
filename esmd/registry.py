"""The filters, destinations and subscriptions of a running agent: the book, and its copy in the store.

Changes are made by the store's writer, one after the other, so that none is lost and every alert is matched
against the subscriptions that were there when it was written.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from esmd.queues import drop, keep_waiting, lapse, replay, taken_backlog
from openesm.cim.errors import CIMError, Status
from openesm.store import Store
from subscription.book import Book, Key, SubscriptionKey
from subscription.model import (
    Destination,
    Ending,
    FatalErrorPolicy,
    Filter,
    IndicationService,
    RemovalAction,
    Subscription,
    SubscriptionState,
)
from subscription.stored import destination_of, filter_of, subscription_of, to_json

log = logging.getLogger("openesm.subscription")

Change = Callable[[sqlite3.Connection, Book], Book]


class Registry:
    """Keeps the book.

    Args:
        store: where it is kept.
        now: agent time.
        wall: seconds since the epoch.
        system_name: of this system, in the keys of filters and destinations.
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], float],
        wall: Callable[[], float],
        system_name: str,
    ) -> None:
        self._store = store
        self._now = now
        self._wall = wall
        self.system_name = system_name
        self.listen(lambda: None, lambda _sink, _why: None)
        self.book = store.read(_load)
        self._ended: list[Subscription] = []  # by the way, and not told yet

    def listen(self, changed: Callable[[], None], ended: Callable[[Destination, Ending], None]) -> None:
        """Says who is told, each time by the thread that made the change.

        Args:
            changed: called after each change.
            ended: called with a sink whose subscription was ended by another than the sink.
        """
        self._changed = changed
        self._tell_ended = ended

    # -- filters and destinations

    def add_filter(self, new: Filter) -> None:
        def change(db: sqlite3.Connection, book: Book) -> Book:
            return _with_filter(db, book, new)

        self._apply(change)

    def remove_filter(self, key: Key) -> None:
        def change(db: sqlite3.Connection, book: Book) -> Book:
            return _without_filter(db, book, key)

        self._apply(change)

    def add_destination(self, new: Destination) -> None:
        """Adds a destination; its sequence context is new for ever (I04)."""

        def change(db: sqlite3.Connection, book: Book) -> Book:
            return _with_destination(db, book, new, self._wall())

        self._apply(change)

    def remove_destination(self, key: Key) -> None:
        """Removes a destination with what waits for it; a transient one with its subscriptions."""
        used = any(each.destination_key == key for each in self.book.subscriptions.values())
        removed = self.remove_sink(key)
        if removed is not None and used:
            self._tell_ended(removed, Ending.CANCELING)

    def remove_sink(self, key: Key) -> Destination | None:
        """Removes a destination at its own wish; None where it is not there (any more)."""
        return self._remove(key, lambda _db, _book: None)

    def _remove(self, key: Key, before: Callable[[sqlite3.Connection, Book], None]) -> Destination | None:
        removed: list[Destination] = []

        def change(db: sqlite3.Connection, book: Book) -> Book:
            found = book.destinations.get(key)
            if found is None:
                return book
            before(db, book)
            after = _without_destination(db, book, key)
            removed.append(found)
            return after

        self._apply(change)
        return removed[0] if removed else None

    def forget_sinks(self) -> None:
        """Removes the sinks of WS-Management whose subscription has ended and that wait for nothing (W17)."""
        idle = {sink.key for sink in self.book.idle_sinks() if not self._store.read(partial(_waits, sink))}
        if not idle:
            return

        def change(db: sqlite3.Connection, book: Book) -> Book:
            for sink in book.idle_sinks():
                if sink.key in idle and not _waits(sink, db):
                    book = _without_destination(db, book, sink.key)
            return book

        self._apply(change)

    # -- subscriptions

    def subscribe(
        self,
        new: Subscription,
        *,
        to: Destination | None = None,
        by: Filter | None = None,
        since: Callable[[sqlite3.Connection], Iterable[int]] | None = None,
    ) -> None:
        """Adds a subscription; what was kept for an earlier one of the same destination and query follows.

        That backlog goes out first, marked as replayed (REP-5, FAQ-6).

        Args:
            to, by: a destination and a filter that are not in the book yet, and come with it or not at all.
            since: gives the alerts of the history that go out instead of the backlog.
        """

        ended: list[Subscription] = []

        def change(db: sqlite3.Connection, book: Book) -> Book:
            book = _without_expired(db, book, self._now(), ended)
            book = book if by is None else _with_filter(db, book, by)
            book = book if to is None else _with_destination(db, book, to, self._wall())
            book.with_subscription(new)
            destination = book.destinations[new.destination_key]
            cursor = db.execute(
                "INSERT INTO subscription (key, destination, value) VALUES (?, ?, ?)",
                (_spelled(new.key), destination.number, to_json(new)),
            )
            made = replace(new, number=cursor.lastrowid or 0)
            kept = taken_backlog(db, book.filters[new.filter_key], destination)
            if since is not None:
                kept = [(alert, self._now()) for alert in since(db)]
            replay(db, kept, destination, made.number)
            return book.with_subscription(made)

        self._apply(change)
        self._ended += ended

    def change_subscription(self, changed: Subscription) -> None:
        """Another value of a subscription; an expired one cannot be changed (I08)."""

        def change(db: sqlite3.Connection, book: Book) -> Book:
            current = book.subscriptions.get(changed.key)
            if current is None:
                raise CIMError.of(Status.NOT_FOUND, "cim.no-instance", path=_spelled(changed.key))
            if current.has_expired(self._now()):
                raise CIMError.of(Status.FAILED, "subscription.expired")
            after = book.changed(changed)
            _keep(db, changed)
            return after

        self._apply(change)

    def unsubscribe(self, key: SubscriptionKey, why: Ending | None = Ending.CANCELING) -> None:
        """Removes a subscription at somebody's wish: what still waits under it is not sent.

        What has its sequence number is: a gap would tell the listener of a loss.

        Args:
            why: what its sink is told; None where it is the sink's own wish.
        """
        found = self.book.subscriptions.get(key)
        destination = self.book.destination_of(found) if found is not None else None

        def change(db: sqlite3.Connection, book: Book) -> Book:
            found = book.subscriptions.get(key)
            if found is not None:
                db.execute("DELETE FROM subscription WHERE number = ?", (found.number,))
                destination = book.destination_of(found).number
                drop(
                    db,
                    "destination = ? AND subscription = ?"
                    " AND number > (SELECT claimed FROM destination WHERE destination.number = ?)",
                    (destination, found.number, destination),
                )
            return book.without_subscription(key)

        self._apply(change)
        if destination is not None and why is not None:
            self._tell_ended(destination, why)

    def suspend(self, key: SubscriptionKey) -> None:
        """Ends a subscription as if its time were over: what comes from now on is kept for its return."""

        def change(db: sqlite3.Connection, book: Book) -> Book:
            found = book.subscriptions.get(key)
            return book if found is None else _lapsed(db, book, found, self._now())

        self._apply(change)

    @property
    def has_ended(self) -> bool:
        """Whether there is something for `expire`."""
        return bool(self._ended or self.book.expired(self._now()))

    def expire(self) -> list[Subscription]:
        """Removes the subscriptions whose time is over and begins their backlog; what waits goes out.

        Gives each that has ended, once.
        """
        ended: list[Subscription] = []
        if self.book.expired(self._now()):
            self._apply(lambda db, book: _without_expired(db, book, self._now(), ended))
        told, self._ended = [*self._ended, *ended], []
        return told

    def delivery_failed(
        self, destination: int, failing_s: float, service: IndicationService
    ) -> list[Subscription]:
        """Ends the subscriptions of a destination that has failed too long.

        The subscription's own OnFatalErrorPolicy comes first (I10), then the service's
        SubscriptionRemovalAction (I03).
        """
        hit = [
            (s, action)
            for s in self.book.subscriptions.values()
            if self.book.destinations[s.destination_key].number == destination
            and s.state is not SubscriptionState.DISABLED
            and (action := _ending(s, failing_s, service)) is not RemovalAction.IGNORE
        ]
        for subscription, action in hit:
            if action is RemovalAction.REMOVE and self.book.destination_of(subscription).sink is not None:
                self._forsake(subscription)
            elif action is RemovalAction.REMOVE:
                self.unsubscribe(subscription.key)
            else:
                disabled = replace(
                    subscription, state=SubscriptionState.DISABLED, state_changed_at=self._wall()
                )
                self.change_subscription(disabled)
        return [subscription for subscription, _ in hit]

    def _forsake(self, subscription: Subscription) -> None:
        """Ends a sink of WS-Management that takes nothing; what waits for it is kept for its return."""

        def keep(db: sqlite3.Connection, book: Book) -> None:
            if subscription.key in book.subscriptions:
                lapse(db, book, subscription, self._now())
                keep_waiting(db, book, subscription)

        removed = self._remove(subscription.destination_key, keep)
        if removed is not None:
            self._tell_ended(removed, Ending.DELIVERY_FAILURE)

    # -- the store

    def _apply(self, change: Change) -> None:
        """Makes a change durable, then shows it; called from any thread but the writer's."""

        def work(db: sqlite3.Connection) -> None:
            self.book = change(db, self.book)

        future: Future[None] = self._store.write(work)
        try:
            future.result()
        except sqlite3.Error as failed:
            self.book = self._store.read(_load)
            raise CIMError.of(Status.FAILED, "store.broken", path=self._store.path, reason=failed) from failed
        self._changed()


def _with_filter(db: sqlite3.Connection, book: Book, new: Filter) -> Book:
    after = book.with_filter(new)
    db.execute("INSERT INTO filter VALUES (?, ?, ?)", (*new.key, to_json(new)))
    return after


def _without_filter(db: sqlite3.Connection, book: Book, key: Key) -> Book:
    after = book.without_filter(key)
    db.execute("DELETE FROM filter WHERE class = ? AND name = ?", key)
    return after


def _with_destination(db: sqlite3.Connection, book: Book, new: Destination, wall: float) -> Book:
    book.with_destination(new)
    context = f"OpenESM#{os.urandom(8).hex()}#{int(wall)}"
    cursor = db.execute(
        "INSERT INTO destination (class, name, value, context) VALUES (?, ?, ?, ?)",
        (*new.key, to_json(new), context),
    )
    return book.with_destination(replace(new, number=cursor.lastrowid or 0))


def _without_destination(db: sqlite3.Connection, book: Book, key: Key) -> Book:
    """The book without a destination, and without the filter that came with the subscription of a sink."""
    found, after = book.destinations[key], book.without_destination(key)
    db.execute("DELETE FROM subscription WHERE destination = ?", (found.number,))
    drop(db, "destination = ?", (found.number,))
    db.execute("DELETE FROM destination WHERE number = ?", (found.number,))
    own = Filter(found.name, "").key
    used = any(subscription.filter_key == own for subscription in after.subscriptions.values())
    if found.sink is not None and own in after.filters and not used:
        return _without_filter(db, after, own)
    return after


def _waits(sink: Destination, db: sqlite3.Connection) -> bool:
    """Whether something is in a destination's queue."""
    query = "SELECT 1 FROM pending WHERE destination = ? LIMIT 1"
    return db.execute(query, (sink.number,)).fetchone() is not None


def _ending(subscription: Subscription, failing_s: float, service: IndicationService) -> RemovalAction:
    trigger_s = subscription.failure_trigger_s
    policy = subscription.on_fatal_error
    if trigger_s is not None and failing_s >= trigger_s and policy is not FatalErrorPolicy.IGNORE:
        return RemovalAction.REMOVE if policy is FatalErrorPolicy.REMOVE else RemovalAction.DISABLE
    return service.removal if failing_s >= service.removal_s else RemovalAction.IGNORE


def _spelled(key: SubscriptionKey) -> str:
    return json.dumps(key, ensure_ascii=False)


def _keep(db: sqlite3.Connection, subscription: Subscription) -> None:
    db.execute(
        "UPDATE subscription SET value = ? WHERE number = ?", (to_json(subscription), subscription.number)
    )


def _without_expired(db: sqlite3.Connection, book: Book, now: float, ended: list[Subscription]) -> Book:
    """The book without those whose time is over, which are put into `ended`."""
    ended[:] = book.expired(now)
    for subscription in ended:
        book = _lapsed(db, book, subscription, subscription.expires_at or now)
    return book


def _lapsed(db: sqlite3.Connection, book: Book, subscription: Subscription, since: float) -> Book:
    """The book without a subscription, whose backlog begins."""
    after = book.without_subscription(subscription.key)
    lapse(db, book, subscription, since)
    db.execute("DELETE FROM subscription WHERE number = ?", (subscription.number,))
    return after


def _load(db: sqlite3.Connection) -> Book:
    filters = [filter_of(value) for (value,) in db.execute("SELECT value FROM filter")]
    destinations = [
        destination_of(value, number)
        for number, value in db.execute("SELECT number, value FROM destination ORDER BY number")
    ]
    subscriptions = [
        subscription_of(value, number)
        for number, value in db.execute("SELECT number, value FROM subscription ORDER BY number")
    ]
    return Book(
        {each.key: each for each in filters},
        {each.key: each for each in destinations},
        {each.key: each for each in subscriptions},
    )
