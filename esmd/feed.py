"""Indications for the provider inside a foreign CIMOM: a destination that is fetched over the local socket.

What was fetched is forgotten when the next request says that it was delivered. Where nobody comes for a week
the subscription lapses, and what happens then is kept for its return as for any other.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, replace

from esmd.alerts import STATIC_FILTERS, Alerts
from esmd.auth.principal import Principal
from esmd.commanding import Told, refusal, store_failures
from esmd.service import Arguments
from subscription.model import SINK_CLASS, DeliveryMode, Destination, EventSink, Persistence, Subscription

KEPT_S = 7 * 86400
MOST, WAIT_MOST_S = 50, 10.0
DESTINATION = Destination(
    "OpenESM:pegasus",
    "local:pegasus",
    Persistence.TRANSIENT,
    creation_class=SINK_CLASS,
    owner="local",
    sink=EventSink(DeliveryMode.PULL, "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"),
)


class Feed:
    """The command `indications-next` of the control socket."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._requests = 0

    async def next(self, _principal: Principal, args: Arguments) -> Told:
        """The next indications.

        Args:
            args: `after`, the token of the last one that was delivered ("" where nothing is known of any);
                `wait_s`, how long to wait for one.
        """
        after, wait_s = args.get("after", ""), args.get("wait_s", 0)
        if not isinstance(after, str) or not isinstance(wait_s, int | float):
            raise refusal("bad-argument", name="after")
        with store_failures():
            await asyncio.to_thread(self._subscribe)
        number = self._alerts.registry.book.destinations[DESTINATION.key].number
        await asyncio.sleep(0)  # the change of the book is being told
        box = self._alerts.dispatch.mailbox(number)
        if box is None or box.is_busy:
            return {"rows": []}
        self._requests += 1
        rows = await box.take(
            f"{id(self)}/{self._requests}",
            self._row(after, number),
            MOST,
            min(max(0.0, wait_s), WAIT_MOST_S),
        )
        box.handed_out(f"{id(self)}/{self._requests}", rows)
        return {"rows": [{**asdict(row), "token": f"{row.context}/{row.number}"} for row in rows]}

    def _row(self, token: str, destination: int) -> int:
        """The row up to which all was delivered; 0 for a token of another destination than this one."""
        context, _, number = token.rpartition("/")
        if not number.isascii() or not number.isdigit() or len(number) > 18:
            return 0
        query = "SELECT context FROM destination WHERE number = ?"
        known = self._alerts.store.read(lambda db: db.execute(query, (destination,)).fetchone())
        return int(number) if known == (context,) else 0

    def _subscribe(self) -> None:
        """Sees to the subscription: made when there is none, renewed when half of its time is over."""
        registry, now = self._alerts.registry, self._alerts.clock.now()
        key = STATIC_FILTERS[0].key, DESTINATION.key
        found = registry.book.subscriptions.get(key)
        if found is not None and not found.has_expired(now):
            if (found.remaining_s(now) or 0) < KEPT_S // 2:
                registry.change_subscription(replace(found, expires_at=now + KEPT_S, started_at=time.time()))
            return
        is_known = DESTINATION.key in registry.book.destinations
        new = Subscription(*key, time.time(), duration_s=KEPT_S, expires_at=now + KEPT_S)
        registry.subscribe(new, to=None if is_known else DESTINATION)
