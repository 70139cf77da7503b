"""The filters, destinations and subscriptions of a running agent: the book, and its copy in the store.

Changes are made by the store's writer, one after the other, so that none is lost and every alert is matched
against the subscriptions that were there when it was written.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from esmd.kept_book import (
    keep,
    lapsed,
    load,
    spelled,
    waits,
    with_destination,
    with_filter,
    without_destination,
    without_expired,
    without_filter,
)
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
from subscription.stored import to_json

log = logging.getLogger("openesm.subscription")

Change = Callable[[sqlite3.Connection, Book], Book]
Permit = Callable[[Filter | None, str], None]
"""Asked with the filter of a subscription, and with the user; "" where that is only what a client says."""


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
        self._watchers: list[Callable[[], None]] = []
        self._permit: Permit = lambda _filter, _owner: None
        self._tell_ended: Callable[[Destination, Ending], None] = lambda _sink, _why: None
        self.book = store.read(load)
        self._ended: list[Subscription] = []  # by the way, and not told yet

    def listen(self, changed: Callable[[], None], ended: Callable[[Destination, Ending], None]) -> None:
        """Says who is told, each time by the thread that made the change.

        Args:
            changed: called after each change.
            ended: called with a sink whose subscription was ended by another than the sink.
        """
        self._watchers.append(changed)
        self._tell_ended = ended

    def guard(self, permit: Permit, changed: Callable[[], None]) -> None:
        """Adds somebody who may refuse a subscription, by a CIMError, and is told of each change."""
        self._permit = permit
        self._watchers.append(changed)

    # -- filters and destinations

    def add_filter(self, new: Filter) -> None:
        def change(db: sqlite3.Connection, book: Book) -> Book:
            return with_filter(db, book, new)

        self._apply(change)

    def remove_filter(self, key: Key) -> None:
        def change(db: sqlite3.Connection, book: Book) -> Book:
            return without_filter(db, book, key)

        self._apply(change)

    def add_destination(self, new: Destination) -> None:
        """Adds a destination; its sequence context is new for ever (I04)."""

        def change(db: sqlite3.Connection, book: Book) -> Book:
            return with_destination(db, book, new, self._wall())

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
            after = without_destination(db, book, key)
            removed.append(found)
            return after

        self._apply(change)
        return removed[0] if removed else None

    def forget_sinks(self) -> None:
        """Removes the sinks of WS-Management whose subscription has ended and that wait for nothing (W17)."""
        idle = {sink.key for sink in self.book.idle_sinks() if not self._store.read(partial(waits, sink))}
        if not idle:
            return

        def change(db: sqlite3.Connection, book: Book) -> Book:
            for sink in book.idle_sinks():
                if sink.key in idle and not waits(sink, db):
                    book = without_destination(db, book, sink.key)
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
        destination = to or self.book.destinations.get(new.destination_key)
        owner = destination.owner if destination is not None and destination.sink is not None else ""
        self._permit(by or self.book.filters.get(new.filter_key), owner)
        ended: list[Subscription] = []

        def change(db: sqlite3.Connection, book: Book) -> Book:
            book = without_expired(db, book, self._now(), ended)
            book = book if by is None else with_filter(db, book, by)
            book = book if to is None else with_destination(db, book, to, self._wall())
            book.with_subscription(new)
            destination = book.destinations[new.destination_key]
            cursor = db.execute(
                "INSERT INTO subscription (key, destination, value) VALUES (?, ?, ?)",
                (spelled(new.key), destination.number, to_json(new)),
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
                raise CIMError.of(Status.NOT_FOUND, "cim.no-instance", path=spelled(changed.key))
            if current.has_expired(self._now()):
                raise CIMError.of(Status.FAILED, "subscription.expired")
            after = book.changed(changed)
            keep(db, changed)
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
            return book if found is None else lapsed(db, book, found, self._now())

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
            self._apply(lambda db, book: without_expired(db, book, self._now(), ended))
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
            self.book = self._store.read(load)
            raise CIMError.of(Status.FAILED, "store.broken", path=self._store.path, reason=failed) from failed
        for changed in self._watchers:
            changed()


def _ending(subscription: Subscription, failing_s: float, service: IndicationService) -> RemovalAction:
    trigger_s = subscription.failure_trigger_s
    policy = subscription.on_fatal_error
    if trigger_s is not None and failing_s >= trigger_s and policy is not FatalErrorPolicy.IGNORE:
        return RemovalAction.REMOVE if policy is FatalErrorPolicy.REMOVE else RemovalAction.DISABLE
    return service.removal if failing_s >= service.removal_s else RemovalAction.IGNORE
