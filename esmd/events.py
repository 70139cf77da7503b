"""The event stream for tools: the history of alerts as correlation reads it."""

from __future__ import annotations

from collections.abc import Callable

from esmd.alerts import Alerts
from esmd.auth.principal import Principal
from esmd.commanding import Told, refusal
from esmd.service import Arguments
from indications.alert import from_json
from indications.correlation.from_alert import event_of
from openesm.text import Language

MOST = 1000
LATEST = 1e11


class EventLog:
    """The command `event-list` of the control socket.

    Args:
        language: of the texts, now.
    """

    def __init__(self, alerts: Alerts, language: Callable[[], Language]) -> None:
        self._alerts = alerts
        self._language = language

    def list(self, _principal: Principal, args: Arguments) -> Told:
        """Events in the order of their numbers.

        Args:
            args: `after`, the number of the last one that is known; `since`, wall clock; `limit`.
        """
        after, since, limit = args.get("after", 0), args.get("since", 0), args.get("limit", MOST)
        if not isinstance(after, int) or not 0 <= after < 1 << 62:
            raise refusal("bad-argument", name="after")
        if not isinstance(since, int | float) or not abs(since) < LATEST:
            raise refusal("bad-argument", name="since")
        if not isinstance(limit, int) or not 1 <= limit <= MOST:
            raise refusal("bad-argument", name="limit")
        query = (
            "SELECT number, agent_at, alert FROM alert WHERE number > ? AND at >= ? ORDER BY number LIMIT ?"
        )
        rows = self._alerts.store.read(lambda db: db.execute(query, (after, since, limit)).fetchall())
        name, language = self._alerts.registry.system_name, self._language()
        found = [event_of(from_json(text), number, at, name, language) for number, at, text in rows]
        return {
            "events": [
                {"number": each.number, "arrived": each.arrived, "attributes": dict(each.attributes)}
                for each in found
            ]
        }
