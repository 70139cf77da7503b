"""The history of correlation in the store: why a correlation event is there, or a set ended without one.

A record is written in the transaction of its decision, so that after a kill neither is there without the
other (R-70). `HISTORY_MOST` records are kept, the oldest ones go first.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from esmd.auth.principal import Principal
from esmd.commanding import Told, refusal
from esmd.correlation.state import State
from esmd.service import Arguments
from indications.correlation.history import Record
from indications.correlation.starting import Why
from openesm.store import Store

HISTORY_MOST = 100_000
LIST_MOST = 1000
LATEST = 1e11
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_OPEN = (
    "SELECT condition, opened, json_group_array(json_array(taken, con, correlation_match.number, arrived))"
    " FROM correlation_match JOIN event ON event.number = correlation_match.number"
    " GROUP BY condition, opened ORDER BY min(taken)"
)


def keep(db: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Writes records, in the transaction of their decisions."""
    at = time.time()
    rows = [(at, each.condition, each.issued, as_json(_rest(each))) for each in records]
    db.executemany(
        "INSERT INTO correlation_history (at, condition, issued, record) VALUES (?, ?, ?, ?)", rows
    )


def _rest(each: Record) -> dict[str, object]:
    """What stands in the column `record`."""
    rest: dict[str, object] = {
        "what": each.what,
        "opened": each.opened,
        "group": each.group,
        "sources": each.sources,
        "missing": each.missing,
        "deadline": each.deadline,
    }
    return {**rest, "detail": each.detail} if each.detail else rest


def told(each: Record) -> dict[str, object]:
    """As the command tells it."""
    return {"at": time.time(), "condition": each.condition, "issued": each.issued, **_rest(each)}


def as_json(value: object) -> str:
    return _JSON.encode(value)


OpenSet = tuple[str, int, list[tuple[int, int, float]]]
"""Condition, number of the event that opened it, and its matches as in `Record.sources`."""


def open_sets(db: sqlite3.Connection) -> list[OpenSet]:
    """The sets in progress."""
    return [
        (name, opened, [(con, number, at) for _, con, number, at in sorted(json.loads(found))])
        for name, opened, found in db.execute(_OPEN).fetchall()
    ]


def count_sets(db: sqlite3.Connection) -> int:
    query = "SELECT count(*) FROM (SELECT DISTINCT condition, opened FROM correlation_match)"
    return int(db.execute(query).fetchone()[0])


def as_record(what: str, held: OpenSet, **detail: object) -> Record:
    name, opened, sources = held
    return Record(what, name, opened, (), sources, detail=detail)


def give_up(db: sqlite3.Connection, why: Why, unchanged: Sequence[str] = ()) -> int:
    """Ends the sets of all conditions but the unchanged ones, and says so in the history; how many."""
    ended = [each for each in open_sets(db) if each[0] not in unchanged]
    keep(db, [as_record("discarded", each, reason=str(why)) for each in ended])
    limited = db.execute("SELECT limited FROM correlation").fetchone()[0]
    still = [name for name in json.loads(limited) if name in unchanged]
    db.execute("UPDATE correlation SET limited = ?", (as_json(still),))
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
    """The command `correlation-history` of the control socket.

    Args:
        state: now; for the business groups.
    """

    def __init__(self, store: Store, state: Callable[[], State]) -> None:
        self._store = store
        self._state = state

    def list(self, principal: Principal, args: Arguments) -> Told:
        """Records, the oldest one first, of at most the `limit` newest ones; with `event` the open sets too.

        `foreign_group` has the numbers of source events of business groups that are not the caller's (R-63),
        `fate` what kept the event from every condition.

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

        def read(db: sqlite3.Connection) -> Sequence[dict[str, Any]]:
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

        records = self._store.read(read)
        told: Told = {"records": records, "foreign_group": self._foreign(principal, records)}
        return told if event is None else {**told, "fate": self._store.read(lambda db: _fate(db, event))}

    def _foreign(self, principal: Principal, records: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        groups = self._state().groups
        if not groups.is_restricted:
            return []
        numbers = sorted({number for each in records for _, number, _ in each["sources"]})
        query = "SELECT attributes ->> '$.\"E.JP1_SOURCEHOST\"' FROM event WHERE number = ?"
        hosts = self._store.read(lambda db: [db.execute(query, (each,)).fetchone() for each in numbers])
        return [
            number
            for number, row in zip(numbers, hosts, strict=True)
            if row and row[0] and groups.is_foreign(principal.name, row[0])
        ]


def _fate(db: sqlite3.Connection, event: int) -> dict[str, object] | None:
    """What kept an event from every condition: it waits, was passed over, or came while correlation was off.

    None where nothing did.
    """
    processed, is_enabled = db.execute("SELECT processed, is_enabled FROM correlation").fetchone()
    row = db.execute(
        "SELECT at, record ->> '$.what' FROM correlation_history WHERE :event BETWEEN"
        " record ->> '$.detail.passed_over[0]' AND record ->> '$.detail.passed_over[1]' LIMIT 1",
        {"event": event},
    ).fetchone()
    if row is not None:
        return {"what": f"passed-over-{row[1]}", "at": row[0]}
    known = db.execute("SELECT 1 FROM event WHERE number = ?", (event,)).fetchone()
    if event > processed and known and is_enabled:
        return {"what": "waits"}
    if not known or (event > processed and not is_enabled):
        return {"what": "off"}
    return None


def _open(db: sqlite3.Connection, event: int) -> list[dict[str, Any]]:
    """The sets in progress that have an event."""
    return [
        {"what": "open", "condition": name, "opened": opened, "sources": sources}
        for name, opened, sources in open_sets(db)
        if any(number == event for _, number, _ in sources)
    ]
