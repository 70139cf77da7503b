"""Alerts of a running agent: from the monitor by the store to managers and the system log."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
import uuid
from collections.abc import Coroutine, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path

import openesm
from esmd.clock import AgentClock, Checkpoint, boot_id, resumed
from esmd.courier import Courier
from esmd.outbox import Also, Outbox
from esmd.pace import Pace
from esmd.registry import Registry
from esmd.tables import MIGRATIONS
from esmd.ways import Ways
from indications import events
from indications.alert import Occasion, agent_alert
from indications.delivery import Undelivered
from indications.delivery.client import Bounds, Channel, Client
from indications.delivery.syslog import Syslog
from indications.delivery.trust import Trust, TrustError
from indications.delivery.trust import parse as parse_trust
from indications.events import What
from indications.instance import indication
from openesm.cim.schema import Class
from openesm.cim.values import Instance
from openesm.host import Host
from openesm.model import Alert
from openesm.settings import Settings
from openesm.store import Store
from openesm.text import Message
from subscription.model import Destination, Filter, Subscription

CHECKPOINT_S = 60.0
STEP_S = 2.0
DRAIN_S = 1.5  # for the couriers at a stop
STATIC_FILTERS = (
    Filter(
        name="ESM:AlertIndications",
        query="SELECT * FROM ESM_AlertIndication",
        element_name="All alerts of this server",
        static=True,
    ),
)

log = logging.getLogger("openesm.alerts")


class Alerts:
    """Publishes alerts and keeps a courier for each destination.

    Args:
        indication_class: ESM_AlertIndication of the schema.
    """

    def __init__(self, settings: Settings, host: Host, indication_class: Class) -> None:
        self._settings = settings
        self._host = host
        self._loop: asyncio.AbstractEventLoop | None = None
        self.store = Store(settings.state.dir / "store.db", MIGRATIONS)
        self.clock = AgentClock(_resume(self.store))
        self.pace = Pace(settings.delivery)
        self.registry = Registry(self.store, self.clock.now, time.time, host.system_name, self._book_changed)
        self.outbox = Outbox(
            self.store,
            self.registry,
            self._as_filters_see_it,
            indication_class,
            self.clock.now,
            self._queued,
            self.pace,
        )
        for static in STATIC_FILTERS:
            if static.key not in self.registry.book.filters:
                self.registry.add_filter(static)
        self._couriers: dict[int, Courier] = {}
        self._leaving: set[int] = set()  # destinations whose courier is on its way out
        self._syslog = Syslog(str(settings.syslog.socket), settings.alerts.language)
        self._syslog_thread = ThreadPoolExecutor(1, thread_name_prefix="syslog")
        self._tasks: set[asyncio.Task[object]] = set()
        self._ways = Ways(host, indication_class, lambda: self._settings.alerts.language, self._open)
        self._wall = self.clock.wall_lead()
        self._checkpoint_due = 0.0
        self.syslog_error: Message | None = None

    # -- life

    def start(self) -> None:
        """Begins to deliver; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._client = Client(self._bounds())
        self._match_couriers()
        if self._settings.mode.service:
            self.tell_of_agent(What.STARTED)

    async def stop(self) -> None:
        """Tells of the stop, and leaves everything that is not delivered in the store."""
        if self._settings.mode.service:
            with suppress(sqlite3.Error, TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(self.tell_of_agent(What.STOPPED)), 2.0)
        await asyncio.gather(*(courier.close(DRAIN_S) for courier in self._couriers.values()))
        self._checkpoint()
        self._loop = None
        await asyncio.to_thread(self.store.close)
        self._syslog_thread.shutdown(wait=True)

    def reload(self, settings: Settings) -> None:
        """Other limits and trust: what is not delivered is tried again at once."""
        self._settings = settings
        self._ways.forget()
        self.pace.configure(settings.delivery)
        self._client.bounds = self._bounds()
        for number in list(self._couriers):
            self._dismiss(number)

    def tick(self) -> None:
        """Each second: subscriptions whose time is over, and the checkpoint of the clock."""
        self.pace.look()
        self._note_step()
        now = self.clock.now()
        if self.registry.has_ended:
            self._background(asyncio.to_thread(self._expire))
        if self.registry.book.idle_sinks():
            self._background(asyncio.to_thread(self.registry.forget_sinks))
        if now >= self._checkpoint_due:
            self._checkpoint_due = now + CHECKPOINT_S
            self._checkpoint()
            self.outbox.tidy()

    def _note_step(self) -> None:
        """One line when somebody set the wall clock; nothing depends on it (F06, F07)."""
        before, self._wall = self._wall, self.clock.wall_lead()
        step = self._wall - before
        if abs(step) >= STEP_S:
            log.warning("clock stepped %+.0f s", step)

    def _background(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_tell_failure)

    def _checkpoint(self) -> None:
        point = self.clock.checkpoint()
        self.store.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO clock VALUES (1, :agent, :boottime, :boot_id, :wall)", asdict(point)
            )
        )

    def _expire(self) -> None:
        for ended in self.registry.expire():
            self._tell_ended(ended)

    def _tell_ended(self, ended: Subscription) -> None:
        """A subscription lapsed, or was ended because its destination took nothing for too long."""
        log.warning("subscription %s of %s has lapsed", ended.filter_key[1], ended.destination_key[1])
        destination = self.registry.book.destinations.get(ended.destination_key)
        self.publish(
            agent_alert(
                events.SUBSCRIPTION,
                What.LAPSED,
                self.occasion(),
                filter=ended.filter_key[1],
                destination=destination.url if destination else ended.destination_key[1],
            )
        )

    # -- alerts

    def publish(self, alert: Alert, also: Also | None = None) -> Future[int]:
        """Makes an alert durable; once it is, managers and the system log are told."""
        future = self.outbox.publish(alert, also)
        future.add_done_callback(lambda done: None if done.exception() else self._log_alert(alert))
        return future

    def publish_once(self, what: str, alert: Alert) -> None:
        """Makes an alert durable unless one of the same `what` was told before, by an earlier run too."""

        def remember(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (what, alert.at))

        known = "SELECT 1 FROM told WHERE what = ?"
        if self.store.read(lambda db: db.execute(known, (what,)).fetchone()) is None:
            self.publish(alert, remember)

    def tell_of_agent(self, what: What) -> Future[int]:
        return self.publish(agent_alert(events.AGENT, what, self.occasion(), version=openesm.__version__))

    def occasion(self) -> Occasion:
        offset = self._host.local_time().utcoffset()
        return Occasion(
            str(uuid.uuid4()),
            time.time(),
            round(offset.total_seconds()) if offset else 0,
            ids=self._settings.alerts.event_ids,
        )

    def _log_alert(self, alert: Alert) -> None:
        with suppress(RuntimeError):  # the agent has stopped
            self._syslog_thread.submit(self._to_syslog, alert)

    def _to_syslog(self, alert: Alert) -> None:
        try:
            self._syslog.send(self._syslog.encode(alert))
            self.syslog_error = None
        except Undelivered as failed:
            self.syslog_error = failed.reason

    # -- couriers

    def _bounds(self) -> Bounds:
        """An agent that only this machine can reach may deliver to this machine (SEC-70)."""
        delivery = self._settings.delivery
        return Bounds(
            allow_loopback=self._settings.listen.scope == "loopback" or delivery.allow_loopback,
            allow=tuple(ip_network(part.strip()) for part in delivery.allow.split(",") if part.strip()),
        )

    def _book_changed(self) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._match_couriers)

    def _match_couriers(self) -> None:
        """A courier for each destination of the book, and no others; each looks at its queue."""
        wanted = {d.number: d for d in self.registry.book.destinations.values()}
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
        self._background(self._see_off(number, self._couriers.pop(number)))

    async def _see_off(self, number: int, courier: Courier) -> None:
        await courier.close()
        self._leaving.discard(number)
        if self._loop is not None:
            self._match_couriers()

    def _courier(self, destination: Destination) -> Courier:
        return Courier(
            destination.number,
            destination.url,
            self.outbox,
            self._ways.to(destination),
            self.clock.now,
            lambda: self.pace.interval_s,
            self._delivery_failed,
            self._gave_up,
        )

    def _open(self, url: str, headers: Iterable[tuple[str, str]]) -> Channel:
        try:
            words = self._settings.delivery.trust.get(url, "system")
            trust: Trust = parse_trust(words.split())
        except TrustError as wrong:
            raise Undelivered(wrong.message, retry=True) from wrong
        return self._client.channel(url, trust, headers)

    def _queued(self, destinations: frozenset[int]) -> None:
        loop = self._loop
        if loop is not None and destinations:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake, destinations)

    def _wake(self, destinations: frozenset[int]) -> None:
        for number in destinations:
            if number in self._couriers:
                self._couriers[number].wake()

    def _delivery_failed(self, number: int, failing_s: float) -> None:
        self._background(asyncio.to_thread(self._end_failing, number, failing_s))

    def _end_failing(self, number: int, failing_s: float) -> None:
        for ended in self.registry.delivery_failed(number, failing_s, self.pace.service()):
            self._tell_ended(ended)

    def _gave_up(self, number: int, count: int) -> None:
        """One alert for all that a destination did not take in time (F09)."""
        courier = self._couriers.get(number)
        if courier is not None and count:
            self.publish(
                agent_alert(
                    events.REPORT, What.GIVEN_UP, self.occasion(), destination=courier.url, count=count
                )
            )

    def _as_filters_see_it(self, alert: Alert) -> Instance:
        return indication(
            alert,
            system_name=self._host.system_name,
            language=self._settings.alerts.language,
            sent_at=alert.at,
        )

    # -- what is told

    def standings(self) -> list[Mapping[str, object]]:
        """Each destination as it does, for `esmctl subscription list` and `status`."""
        now, waiting = self.clock.now(), self.outbox.counts()
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

    @property
    def failing(self) -> str:
        """Why the store cannot commit now; "" while it can."""
        return self.store.failing


def _tell_failure(task: asyncio.Task[object]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s", task.exception())


def _ago(moment: float | None, now: float) -> int | None:
    return None if moment is None else round(now - moment)


def _told(message: Message | None) -> dict[str, object] | None:
    if message is None:
        return None
    return {"key": message.key, "args": {name: str(value) for name, value in message.args}}


def _resume(store: Store) -> Checkpoint:
    row = store.read(lambda db: db.execute("SELECT agent, boottime, boot_id, wall FROM clock").fetchone())
    last = None if row is None else Checkpoint(*row)
    boottime = time.clock_gettime(time.CLOCK_BOOTTIME)
    return resumed(last, boottime, boot_id(Path("/proc")), time.time())
