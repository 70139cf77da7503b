"""Commands of the control socket about who is told: subscriptions and the backlogs of lapsed ones."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping

from esmd.alerts import STATIC_FILTERS, Alerts
from esmd.auth.principal import Principal
from esmd.commanding import Told, committed, refusal, required_text, store_failures
from esmd.service import Arguments, RefusedError
from indications.delivery import guard
from indications.delivery.guard import masked
from openesm.cim.errors import CIMError
from openesm.text import Message
from subscription.model import Destination, Filter, Subscription


class Managers:
    """Does them, on the event loop."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def subscription_list(self, _principal: Principal, _args: Arguments) -> Told:
        book, now = self._alerts.registry.book, self._alerts.clock.now()
        query = "SELECT subscription, count(*) FROM pending GROUP BY subscription"
        pending: dict[int, int] = self._alerts.store.read(lambda db: dict(db.execute(query)))
        standings = {each["number"]: each for each in self._alerts.dispatch.standings()}
        subscriptions = [
            {
                **self.names(each),
                "state": each.state.name.lower(),
                "expires_in_s": each.remaining_s(now),
                "pending": pending.get(each.number, 0),
                **_standing(standings.get(book.destination_of(each).number, {})),
            }
            for each in book.subscriptions.values()
        ]
        destinations = [
            {"class": each.creation_class, "name": each.name, "url": each.url}
            for each in book.destinations.values()
        ]
        return {"subscriptions": subscriptions, "destinations": destinations}

    def subscription_add(self, _principal: Principal, args: Arguments) -> Told:
        """Tells a listener of all alerts: a destination, and a subscription to the filter of the agent."""
        url, duration = required_text(args, "url"), args.get("duration")
        if duration is not None and not (isinstance(duration, int) and 0 < duration < 1 << 63):
            raise refusal("bad-argument", name="duration")
        target = guard.parse(url)
        if isinstance(target, Message):
            raise RefusedError(target)
        registry, name = self._alerts.registry, args.get("name") or f"{target.host}-{target.port}"
        destination, wanted = Destination(str(name), url), STATIC_FILTERS[0]
        expires = None if duration is None else self._alerts.clock.now() + duration
        new = Subscription(wanted.key, destination.key, time.time(), duration, expires)
        try:
            known = registry.book.destinations.get(destination.key)
            if known is None or known.url != url:
                registry.add_destination(destination)
            registry.subscribe(new)
        except CIMError as refused:
            raise RefusedError(_message(refused)) from refused
        return self.names(registry.book.subscriptions[new.key])

    def subscription_remove(self, _principal: Principal, args: Arguments) -> Told:
        found = self.find(args)
        told = self.names(found)
        with store_failures():
            self._alerts.registry.unsubscribe(found.key)
        return told

    def find(self, args: Arguments) -> Subscription:
        """The one that `filter` and `destination` name."""
        wanted = {"filter": required_text(args, "filter"), "destination": required_text(args, "destination")}
        book = self._alerts.registry.book
        found = [
            each
            for each in book.subscriptions.values()
            if _is_named(book.filter_of(each), wanted["filter"])
            and _is_named(book.destination_of(each), wanted["destination"])
        ]
        if len(found) != 1:
            raise refusal("ambiguous" if found else "no-subscription", **wanted)
        return found[0]

    def names(self, subscription: Subscription) -> Told:
        """How a subscription is told of."""
        book = self._alerts.registry.book
        destination = book.destination_of(subscription)
        return {
            "number": subscription.number,
            "filter": book.filter_of(subscription).name,
            "destination": destination.name,
            "url": masked(destination.url),
        }

    # -- backlogs

    def backlog_list(self, _principal: Principal, _args: Arguments) -> Told:
        now = self._alerts.clock.now()
        rows = self._alerts.store.read(
            lambda db: db.execute(
                "SELECT lapsed.number, url, query, since, dropped, count(backlog.number) FROM lapsed"
                " LEFT JOIN backlog ON backlog.lapsed = lapsed.number GROUP BY lapsed.number"
            ).fetchall()
        )
        return {
            "backlogs": [
                {
                    "number": number,
                    "url": masked(url),
                    "query": query,
                    "lapsed_s": round(now - since),
                    "kept": kept,
                    "dropped": dropped,
                }
                for number, url, query, since, dropped, kept in rows
            ]
        }

    def backlog_drop(self, _principal: Principal, args: Arguments) -> Told:
        """Forgets a lapsed subscription with all that was kept for it."""
        number = args.get("number")
        if not isinstance(number, int) or not 0 < number < 1 << 63:
            raise refusal("bad-argument", name="number")

        def work(db: sqlite3.Connection) -> tuple[int, int]:
            rows = db.execute("DELETE FROM backlog WHERE lapsed = ?", (number,)).rowcount
            return db.execute("DELETE FROM lapsed WHERE number = ?", (number,)).rowcount, rows

        known, count = committed(self._alerts.store.write(work))
        if not known:
            raise refusal("no-backlog", number=number)
        return {"count": count}


def _standing(standing: Mapping[str, object]) -> Told:
    return {name: standing.get(name) for name in ("last_success_s", "failing_s", "error", "sent", "given_up")}


def _is_named(found: Filter | Destination, wanted: str) -> bool:
    return wanted in (found.name, f"{found.creation_class}.{found.name}")


def _message(refused: CIMError) -> Message:
    """The reason; that of a provider of others is plain text."""
    if isinstance(refused.reason, Message):
        return refused.reason
    return Message.of("subscription.refused", reason=refused.reason)
