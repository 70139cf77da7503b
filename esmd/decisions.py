"""The history of correlation in the store: why a correlation event is there, or a set ended without one.

A record is written in the transaction of its decision, so that after a kill neither is there without the
other (R-70). `HISTORY_MOST` records are kept, the oldest ones go first.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from operator import itemgetter

from esmd.auth.principal import Principal
from esmd.commanding import Told, refusal
from esmd.service import Arguments
from indications.correlation.history import Record
from openesm.store import Store

HISTORY_MOST = 100_000
LIST_MOST = 1000
LATEST = 1e11
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_OPEN = (
    "SELECT condition, opened, json_group_array(json_array(con, correlation_match.number, arrived))"
    " FROM correlation_match JOIN event ON event.number = correlation_match.number"
    " GROUP BY condition, opened"
)


def keep(db: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Writes records, in the transaction of their decisions."""
    at = time.time()
    rows = []
    for each in records:
        rest = {
            "what": each.what,
            "opened": each.opened,
            "group": each.group,
            "sources": each.sources,
            "missing": each.missing,
            "deadline": each.deadline,
        }
        rows.append((at, each.condition, each.issued, _JSON.encode(rest)))
    db.executemany(
        "INSERT INTO correlation_history (at, condition, issued, record) VALUES (?, ?, ?, ?)", rows
    )


def give_up(db: sqlite3.Connection, unchanged: Sequence[str] = ()) -> int:
    """Ends the sets of all conditions but the unchanged ones, and says so in the history; how many."""
    ended = [row for row in db.execute(_OPEN).fetchall() if row[0] not in unchanged]
    keep(
        db,
        (
            Record("given-up", name, opened, (), sorted(json.loads(found), key=itemgetter(1)))
            for name, opened, found in ended
        ),
    )
    keys = [(name, opened) for name, opened, _ in ended]
    db.executemany("DELETE FROM correlation_match WHERE condition = ? AND opened = ?", keys)
    return len(ended)


def tidy(db: sqlite3.Connection) -> None:
    """Drops what is too much."""
    db.execute(
        "DELETE FROM correlation_history WHERE number <= (SELECT max(number) - ? FROM correlation_history)",
        (HISTORY_MOST,),
    )


class Decisions:
    """The command `correlation-history` of the control socket."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, _principal: Principal, args: Arguments) -> Told:
        """Records, the oldest one first, of at most the `limit` newest ones; with `event` the open sets too.

        Args:
            args: `since`, wall clock; `condition`, a name; `event`, the number of a source or of what was
                issued; `limit`.
        """
        since, limit = args.get("since", 0), args.get("limit", LIST_MOST)
        condition, event = args.get("condition"), args.get("event")
        if not isinstance(since, int | float) or not abs(since) < LATEST:
            raise refusal("bad-argument", name="since")
        if not isinstance(limit, int) or not 1 <= limit <= LIST_MOST:
            raise refusal("bad-argument", name="limit")
        if condition is not None and not isinstance(condition, str):
            raise refusal("bad-argument", name="condition")
        if event is not None and (not isinstance(event, int) or not 0 <= event < 1 << 62):
            raise refusal("bad-argument", name="event")

        def read(db: sqlite3.Connection) -> list[dict[str, object]]:
            rows = db.execute(
                "SELECT at, condition, issued, record FROM correlation_history WHERE at >= :since"
                " AND (:condition IS NULL OR condition = :condition) AND (:event IS NULL OR issued = :event"
                " OR EXISTS (SELECT 1 FROM json_each(record, '$.sources') WHERE value ->> 1 = :event))"
                " ORDER BY number DESC LIMIT :limit",
                {"since": since, "condition": condition, "event": event, "limit": limit},
            ).fetchall()
            told = [
                {"at": at, "condition": name, "issued": issued, **json.loads(text)}
                for at, name, issued, text in reversed(rows)
            ]
            return told if event is None else told + _open(db, event)

        return {"records": self._store.read(read)}


def _open(db: sqlite3.Connection, event: int) -> list[dict[str, object]]:
    """The sets in progress that have an event."""
    told: list[dict[str, object]] = []
    for name, opened, found in db.execute(_OPEN):
        sources = sorted(json.loads(found), key=itemgetter(1))
        if any(number == event for _, number, _ in sources):
            told.append({"what": "open", "condition": name, "opened": opened, "sources": sources})
    return told
