"""Who brings indications to the destinations: a courier or a mailbox for each of the book, and no others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_network

from esmd.background import Background
from esmd.courier import Courier
from esmd.farewell import Farewells
from esmd.mailbox import Mailbox
from esmd.outbox import Outbox, Waiting
from esmd.pace import Pace
from esmd.registry import Registry
from esmd.ways import Ways
from indications.delivery import Undelivered
from indications.delivery.client import Bounds, Channel, Client
from indications.delivery.trust import Trust, TrustError
from indications.delivery.trust import parse as parse_trust
from openesm.cim.errors import CIMError
from openesm.cim.schema import Namespace
from openesm.host import Host
from openesm.settings import Settings
from openesm.text import Message
from subscription.model import Destination, Ending, Subscription

DRAIN_S = 1.5  # for the couriers at a stop
LEAVE_S = 1.5  # for telling sinks of a stop
TIDY_S = 60.0

log = logging.getLogger("openesm.delivery")


class Dispatch:
    """Keeps them, on the event loop.

    Args:
        indications: the namespace of the indication classes.
        now: agent time.
        ended: is told of subscriptions that were ended because their destination took nothing.
        given_up: is told of a URL and of how many indications it did not take in time.
    """

    def __init__(
        self,
        settings: Settings,
        host: Host,
        indications: Namespace,
        registry: Registry,
        outbox: Outbox,
        pace: Pace,
        now: Callable[[], float],
        ended: Callable[[Subscription], None],
        given_up: Callable[[str, int], None],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._outbox = outbox
        self._pace = pace
        self._now = now
        self._ended = ended
        self._given_up = given_up
        self._loop: asyncio.AbstractEventLoop | None = None
        self._couriers: dict[int, Courier | Mailbox] = {}
        self._leaving: set[int] = set()  # destinations whose courier is on its way out
        self._background = Background()
        self._ways = Ways(host, indications, lambda: self._settings.alerts.language, self._open)
        self._farewells = Farewells(self._open_like, lambda: self._settings.alerts.language)
        self._tidy_due = time.monotonic() + TIDY_S

    # -- life

    def start(self) -> None:
        """Begins to deliver; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._client = Client(self._bounds())
        self._match()

    async def stop(self) -> None:
        """Leaves everything that is not delivered in the store."""
        self._loop = None
        await asyncio.gather(*(courier.close(DRAIN_S) for courier in self._couriers.values()))
        waiting = self._outbox.counts()
        await asyncio.gather(
            *(
                self._leave(subscription)
                for subscription in self._registry.book.active(self._now())
                if not waiting.get(self._registry.book.destination_of(subscription).number)
            )
        )

    async def _leave(self, subscription: Subscription) -> None:
        """Who wants to be told of a stop is told, and its subscription ends (docs/adr/0008)."""
        destination = self._registry.book.destination_of(subscription)
        with suppress(TimeoutError, CIMError):
            async with asyncio.timeout(LEAVE_S):
                told = await self._farewells.tell(destination, Ending.SHUTTING_DOWN, (0.0,))
            if told:
                await asyncio.to_thread(self._registry.suspend, subscription.key)

    async def let_go(self) -> None:
        """Whoever waits for events gets its answer now."""
        for box in self._couriers.values():
            if isinstance(box, Mailbox):
                await box.close()

    def reload(self, settings: Settings) -> None:
        """Other limits and trust: what is not delivered is tried again at once."""
        self._settings = settings
        self._ways.forget()
        self._client.bounds = self._bounds()
        for number in [number for number, each in self._couriers.items() if isinstance(each, Courier)]:
            self._dismiss(number)

    def tick(self) -> None:
        """Each second: what nobody fetches does not wait for ever."""
        if time.monotonic() < self._tidy_due:
            return
        self._tidy_due = time.monotonic() + TIDY_S
        for box in self._couriers.values():
            if isinstance(box, Mailbox):
                self._background.run(box.tidy())

    # -- from other threads

    def book_changed(self) -> None:
        self._call(self._match)

    def queued(self, destinations: frozenset[int]) -> None:
        if destinations:
            self._call(self._wake, destinations)

    def sink_ended(self, sink: Destination, why: Ending) -> None:
        """A subscription was ended by another than its sink."""
        self._call(lambda: self._background.run(self._farewells.tell(sink, why)))

    def _call(self, work: Callable[..., None], *args: object) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(work, *args)

    # -- couriers

    def mailbox(self, number: int) -> Mailbox | None:
        """That of a destination whose events are fetched."""
        found = self._couriers.get(number)
        return found if isinstance(found, Mailbox) else None

    def _bounds(self) -> Bounds:
        """An agent that only this machine can reach may deliver to this machine (SEC-70)."""
        delivery = self._settings.delivery
        return Bounds(
            allow_loopback=self._settings.listen.scope == "loopback" or delivery.allow_loopback,
            allow=tuple(ip_network(part.strip()) for part in delivery.allow.split(",") if part.strip()),
        )

    def _match(self) -> None:
        """A courier for each destination of the book, and no others; each looks at its queue."""
        wanted = {d.number: d for d in self._registry.book.destinations.values()}
        for number in [number for number in self._couriers if number not in wanted]:
            self._dismiss(number)
        for number, destination in wanted.items():
            courier = self._couriers.get(number)
            if number in self._leaving:
                continue
            if courier is None:
                self._couriers[number] = self._courier(destination)
            else:
                courier.wake()

    def _dismiss(self, number: int) -> None:
        """Ends a courier; its destination gets another, where it still wants one, when it has gone."""
        self._leaving.add(number)
        self._background.run(self._see_off(number, self._couriers.pop(number)))

    async def _see_off(self, number: int, courier: Courier | Mailbox) -> None:
        await courier.close()
        self._leaving.discard(number)
        if self._loop is not None:
            self._match()

    def _courier(self, destination: Destination) -> Courier | Mailbox:
        number, url = destination.number, destination.url
        if destination.is_pulled:
            return Mailbox(number, url, self._outbox, self._item(destination), self._now, self.gave_up)
        way = self._ways.to(destination)
        return Courier(number, url, self._outbox, way, self._now, lambda: self._pace.interval_s, self)

    def _item(self, destination: Destination) -> Callable[[Waiting], tuple[str, str]]:
        form = self._ways.form(destination)

        def item(row: Waiting) -> tuple[str, str]:
            cls, properties, uuid = self._ways.properties(row)
            return form.item(cls, properties), form.bookmark(uuid)

        return item

    def _open(self, url: str, headers: Iterable[tuple[str, str]]) -> Channel:
        return self._open_like(url, url, headers)

    def _open_like(self, url: str, trusted: str, headers: Iterable[tuple[str, str]]) -> Channel:
        """The channel to a URL, trusted as the one of `trusted` is where nothing else is said."""
        trust_of = self._settings.delivery.trust
        try:
            words = trust_of.get(url) or trust_of.get(trusted, "system")
            trust: Trust = parse_trust(words.split())
        except TrustError as wrong:
            raise Undelivered(wrong.message, retry=True) from wrong
        return self._client.channel(url, trust, headers)

    def _wake(self, destinations: frozenset[int]) -> None:
        for number in destinations:
            if number in self._couriers:
                self._couriers[number].wake()

    # -- what couriers tell

    def delivery_failed(self, number: int, failing_s: float) -> None:
        self._background.run(asyncio.to_thread(self._end_failing, number, failing_s))

    def _end_failing(self, number: int, failing_s: float) -> None:
        for ended in self._registry.delivery_failed(number, failing_s, self._pace.service()):
            self._ended(ended)

    def gave_up(self, number: int, count: int) -> None:
        courier = self._couriers.get(number)
        if courier is not None and count:
            self._given_up(courier.url, count)

    def declined(self, number: int) -> None:
        self._background.run(asyncio.to_thread(self._forget, number))

    def _forget(self, number: int) -> None:
        for key, destination in self._registry.book.destinations.items():
            if destination.number == number:
                log.warning("%s: wants no more events; its subscription has ended", destination.url)
                self._registry.remove_destination(key)
                return

    # -- what is told

    def standings(self) -> list[Mapping[str, object]]:
        """Each destination as it does, for `esmctl subscription list` and `status`."""
        now, waiting = self._now(), self._outbox.counts()
        return [
            {
                "number": number,
                "url": courier.url,
                "pending": waiting.get(number, 0),
                "sent": courier.standing.sent,
                "given_up": courier.standing.given_up,
                "last_success_s": _ago(courier.standing.last_success, now),
                "failing_s": _ago(courier.standing.failing_since, now),
                "error": _told(courier.standing.error),
            }
            for number, courier in sorted(self._couriers.items())
        ]


def _ago(moment: float | None, now: float) -> int | None:
    return None if moment is None else round(now - moment)


def _told(message: Message | None) -> dict[str, object] | None:
    if message is None:
        return None
    return {"key": message.key, "args": {name: str(value) for name, value in message.args}}
