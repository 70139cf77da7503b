"""The book in the store: each change as rows, made together with the value. Called by the store's writer."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import replace

from esmd.queues import drop, lapse
from subscription.book import Book, Key, SubscriptionKey
from subscription.model import Destination, Filter, Subscription
from subscription.stored import destination_of, filter_of, subscription_of, to_json


def with_filter(db: sqlite3.Connection, book: Book, new: Filter) -> Book:
    after = book.with_filter(new)
    db.execute("INSERT INTO filter VALUES (?, ?, ?)", (*new.key, to_json(new)))
    return after


def without_filter(db: sqlite3.Connection, book: Book, key: Key) -> Book:
    after = book.without_filter(key)
    db.execute("DELETE FROM filter WHERE class = ? AND name = ?", key)
    return after


def with_destination(db: sqlite3.Connection, book: Book, new: Destination, wall: float) -> Book:
    book.with_destination(new)
    context = f"OpenESM#{os.urandom(8).hex()}#{int(wall)}"
    cursor = db.execute(
        "INSERT INTO destination (class, name, value, context) VALUES (?, ?, ?, ?)",
        (*new.key, to_json(new), context),
    )
    return book.with_destination(replace(new, number=cursor.lastrowid or 0))


def without_destination(db: sqlite3.Connection, book: Book, key: Key) -> Book:
    """The book without a destination, and without the filter that came with the subscription of a sink."""
    found, after = book.destinations[key], book.without_destination(key)
    db.execute("DELETE FROM subscription WHERE destination = ?", (found.number,))
    drop(db, "destination = ?", (found.number,))
    db.execute("DELETE FROM destination WHERE number = ?", (found.number,))
    own = Filter(found.name, "").key
    used = any(subscription.filter_key == own for subscription in after.subscriptions.values())
    if found.sink is not None and own in after.filters and not used:
        return without_filter(db, after, own)
    return after


def waits(sink: Destination, db: sqlite3.Connection) -> bool:
    """Whether something is in a destination's queue."""
    query = "SELECT 1 FROM pending WHERE destination = ? LIMIT 1"
    return db.execute(query, (sink.number,)).fetchone() is not None


def spelled(key: SubscriptionKey) -> str:
    return json.dumps(key, ensure_ascii=False)


def keep(db: sqlite3.Connection, subscription: Subscription) -> None:
    db.execute(
        "UPDATE subscription SET value = ? WHERE number = ?", (to_json(subscription), subscription.number)
    )


def without_expired(db: sqlite3.Connection, book: Book, now: float, ended: list[Subscription]) -> Book:
    """The book without those whose time is over, which are put into `ended`."""
    ended[:] = book.expired(now)
    for subscription in ended:
        book = lapsed(db, book, subscription, subscription.expires_at or now)
    return book


def lapsed(db: sqlite3.Connection, book: Book, subscription: Subscription, since: float) -> Book:
    """The book without a subscription, whose backlog begins."""
    after = book.without_subscription(subscription.key)
    lapse(db, book, subscription, since)
    db.execute("DELETE FROM subscription WHERE number = ?", (subscription.number,))
    return after


def load(db: sqlite3.Connection) -> Book:
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
