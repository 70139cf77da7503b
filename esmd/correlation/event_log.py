"""The event stream: the alerts of the history and what others have sent, in one sequence of numbers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping

from esmd.alerts import Alerts
from esmd.auth.principal import Principal
from esmd.commanding import Told, committed, refusal
from esmd.correlation.correlator import append
from esmd.service import Arguments, RefusedError
from indications.alert import from_json
from indications.correlation.event import Event
from indications.correlation.from_alert import event_of
from indications.correlation.given import GivenError, given_event
from openesm.text import Language

MOST = 1000
LATEST = 1e11
KEPT_S = 7 * 86_400.0  # `begin` reaches back 144 hours, and a set is open for a day at most
KEPT_MOST = 1_000_000

_EVENTS = """
SELECT number, agent_at AS arrived, alert, NULL FROM alert WHERE number > :after AND at >= :since
UNION ALL
SELECT number, arrived, NULL, attributes FROM event WHERE number > :after AND arrived >= :since_agent
    AND key IS NULL AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.number = event.number)
"""


def tidy(db: sqlite3.Connection, oldest: float) -> None:
    """Drops what is older, agent time, or too much; not what waits or is part of a set."""
    db.execute(
        "DELETE FROM event WHERE (arrived < ? OR number <= (SELECT max(number) - ? FROM event))"
        " AND (SELECT number <= processed OR NOT is_enabled FROM correlation)"
        " AND number NOT IN (SELECT number FROM correlation_match)",
        (oldest, KEPT_MOST),
    )


def last_number(db: sqlite3.Connection) -> int:
    """The highest number that an event or an alert has had."""
    query = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name IN ('alert', 'event')"
    return int(db.execute(query).fetchone()[0])


class EventLog:
    """Reads it, and puts in what others send.

    Args:
        language: of the texts, now.
        within: what else is done in the transaction of an event that was sent.
    """

    def __init__(
        self,
        alerts: Alerts,
        language: Callable[[], Language],
        within: Callable[[sqlite3.Connection, set[int]], None],
    ) -> None:
        self._alerts = alerts
        self._language = language
        self._within = within

    # -- for others of the agent

    def events(self, db: sqlite3.Connection, since_agent: float, until: int) -> Iterator[Event]:
        """Events that arrived since then, agent time, up to a number; of alerts whether in the log or not."""
        wanted = {"after": 0, "since": -LATEST, "since_agent": since_agent}
        for number, arrived, *rest in db.execute(f"{_EVENTS} ORDER BY number", wanted):
            if number <= until and arrived >= since_agent:
                yield self._event(number, arrived, *rest)

    def _event(self, number: int, arrived: float, alert: str | None, attributes: str | None) -> Event:
        if alert is None:
            return Event(number, arrived, json.loads(attributes or "{}"))
        name = self._alerts.registry.system_name
        return event_of(from_json(alert), number, arrived, name, self._language())

    # -- commands

    def list(self, _principal: Principal, args: Arguments) -> Told:
        """Events in the order of their numbers.

        Args:
            args: `after`, the number of the last one that is known; `since`, wall clock; `limit`; `newest`,
                for the last ones instead of the first ones.
        """
        after, since, limit = args.get("after", 0), args.get("since", 0), args.get("limit", MOST)
        if not isinstance(after, int) or not 0 <= after < 1 << 62:
            raise refusal("bad-argument", name="after")
        if not isinstance(since, int | float) or not abs(since) < LATEST:
            raise refusal("bad-argument", name="since")
        if not isinstance(limit, int) or not 1 <= limit <= MOST:
            raise refusal("bad-argument", name="limit")
        order = "DESC" if args.get("newest") is True else "ASC"
        lead = self._alerts.clock.wall_lead()
        wanted = {"after": after, "since": since, "since_agent": since - lead, "limit": limit}
        rows = self._alerts.store.read(
            lambda db: db.execute(f"{_EVENTS} ORDER BY number {order} LIMIT :limit", wanted).fetchall()
        )
        return {"events": [_told(self._event(*row), row[1] + lead) for row in sorted(rows)]}

    def send(self, principal: Principal, args: Arguments) -> Told:
        """Puts events into the log, all or none of them.

        Args:
            args: `events`, up to 1,000 mappings of attributes to texts.
        """
        given = args.get("events")
        if not isinstance(given, list) or not 1 <= len(given) <= MOST:
            raise refusal("bad-argument", name="events")
        try:
            events = [self._given(principal, each) for each in given]
        except GivenError as wrong:
            raise RefusedError(wrong.message) from wrong
        now, told = self._alerts.clock.now(), set[int]()

        def work(db: sqlite3.Connection) -> list[int]:
            numbers = [_append(db, now, each) for each in events]
            self._within(db, told)
            return numbers

        numbers = committed(self._alerts.store.write(work))
        self._alerts.dispatch.queued(frozenset(told))
        return {"numbers": numbers}

    def _given(self, principal: Principal, given: object) -> Mapping[str, str]:
        return given_event(
            given, self._alerts.registry.system_name, self._alerts.occasion().at, principal.name
        )


def _append(db: sqlite3.Connection, now: float, attributes: Mapping[str, str]) -> int:
    """With a number that no alert has, nor will have."""
    number = last_number(db) + 1
    if not db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'alert'", (number,)).rowcount:
        db.execute("INSERT INTO sqlite_sequence VALUES ('alert', ?)", (number,))
    return append(db, now, {**attributes, "B.SEQNO": str(number)}, number=number)


def _told(event: Event, at: float) -> dict[str, object]:
    """`arrived` is agent time, and `at` the same moment by the wall clock of now."""
    attributes = dict(event.attributes)
    return {"number": event.number, "arrived": event.arrived, "at": at, "attributes": attributes}
