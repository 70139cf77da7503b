"""Rows of queues and backlogs in the store: what registry and outbox do to them in their transactions."""

from __future__ import annotations

import json
import sqlite3

from subscription.book import Book
from subscription.model import Destination, Filter, Subscription


def lapse(db: sqlite3.Connection, book: Book, subscription: Subscription, since: float) -> None:
    """Begins the backlog of a subscription, unless another one tells the same receiver of the same."""
    wanted, identity = book.filter_of(subscription), _backlog_of(book, subscription)
    others = (each for each in book.active(since) if each.key != subscription.key)
    if all(_backlog_of(book, other) != identity for other in others):
        db.execute(
            "INSERT INTO lapsed (url, query, language, namespaces, since) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (url, query, language) DO NOTHING",
            (*identity, json.dumps(wanted.source_namespaces), since),
        )


def _backlog_of(book: Book, subscription: Subscription) -> tuple[str, str, str]:
    """By what a subscription finds the backlog of an earlier one again (REP-5)."""
    wanted = book.filter_of(subscription)
    return book.destination_of(subscription).address, wanted.query, wanted.language


def keep_waiting(db: sqlite3.Connection, book: Book, subscription: Subscription) -> None:
    """Copies what waits under a subscription into its backlog, if that has begun."""
    db.execute(
        "INSERT INTO backlog (lapsed, alert, queued_at)"
        " SELECT lapsed.number, pending.alert, pending.queued_at FROM pending, lapsed"
        " WHERE pending.subscription = ? AND url = ? AND query = ? AND language = ? ORDER BY pending.number",
        (subscription.number, *_backlog_of(book, subscription)),
    )


def taken_backlog(
    db: sqlite3.Connection, wanted: Filter, destination: Destination
) -> list[tuple[int, float]]:
    """What was kept for a destination and a query, each alert with when it was queued; kept no longer."""
    found = db.execute(
        "SELECT number FROM lapsed WHERE url = ? AND query = ? AND language = ?",
        (destination.address, wanted.query, wanted.language),
    ).fetchone()
    if found is None:
        return []
    query = "SELECT alert, queued_at FROM backlog WHERE lapsed = ? ORDER BY number"
    rows = db.execute(query, found).fetchall()
    db.execute("DELETE FROM backlog WHERE lapsed = ?", found)
    db.execute("DELETE FROM lapsed WHERE number = ?", found)
    return rows


def replay(
    db: sqlite3.Connection, kept: list[tuple[int, float]], destination: Destination, subscription: int
) -> None:
    db.executemany("UPDATE alert SET selected = selected + 1 WHERE number = ?", [row[:1] for row in kept])
    for alert, queued_at in kept:
        enqueue(db, destination.number, subscription, alert, queued_at, replayed=True)


def enqueue(
    db: sqlite3.Connection,
    destination: int,
    subscription: int,
    alert: int,
    queued_at: float,
    *,
    replayed: bool = False,
) -> None:
    """Puts an alert at the end of a destination's queue."""
    db.execute(
        "INSERT INTO pending (destination, subscription, alert, queued_at, replayed) VALUES (?, ?, ?, ?, ?)",
        (destination, subscription, alert, queued_at, replayed),
    )


def drop(db: sqlite3.Connection, where: str, parameters: tuple[object, ...]) -> int:
    """Takes indications out of queues undelivered; how many."""
    chosen = f"SELECT alert AS row, count(*) AS dropped FROM pending WHERE {where} GROUP BY alert"  # noqa: S608  ours
    db.execute(
        f"UPDATE alert SET given_up = given_up + dropped FROM ({chosen}) WHERE number = row",  # noqa: S608
        parameters,
    )
    return db.execute(f"DELETE FROM pending WHERE {where}", parameters).rowcount  # noqa: S608
