"""Alerts of a running agent: from the monitor by the store to managers and the system log."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import openesm
from esmd.background import Background
from esmd.clock import AgentClock, Checkpoint, boot_id, resumed
from esmd.dispatch import Dispatch
from esmd.outbox import Also, Outbox
from esmd.pace import Pace
from esmd.registry import Registry
from esmd.tables import MIGRATIONS
from indications import events
from indications.alert import Occasion, agent_alert
from indications.delivery import Undelivered
from indications.delivery.syslog import Syslog
from indications.events import What
from indications.instance import class_of, filtered
from openesm.cim.schema import Class, Namespace
from openesm.cim.values import Instance
from openesm.host import Host
from openesm.model import Alert
from openesm.settings import Settings
from openesm.store import Store
from openesm.text import Message
from subscription.model import Filter, Subscription

CHECKPOINT_S = 60.0
STEP_S = 2.0
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
    """Publishes alerts, and keeps what belongs to them: store, clock, registry, outbox and dispatch.

    Args:
        indications: the namespace of the indication classes.
    """

    def __init__(self, settings: Settings, host: Host, indications: Namespace) -> None:
        self._settings = settings
        self._host = host
        self._indications = indications
        self.store = Store(settings.state.dir / "store.db", MIGRATIONS)
        self.clock = AgentClock(_resume(self.store))
        self.pace = Pace(settings.delivery)
        self.registry = Registry(self.store, self.clock.now, time.time, host.system_name)
        self.outbox = Outbox(
            self.store,
            self.registry,
            self._as_filters_see_it,
            self.clock.now,
            lambda destinations: self.dispatch.queued(destinations),
            self.pace,
        )
        self.dispatch = Dispatch(
            settings,
            host,
            indications,
            self.registry,
            self.outbox,
            self.pace,
            self.clock.now,
            self._tell_ended,
            self._tell_given_up,
        )
        self.registry.listen(self.dispatch.book_changed, self.dispatch.sink_ended)
        for static in STATIC_FILTERS:
            if static.key not in self.registry.book.filters:
                self.registry.add_filter(static)
        self._syslog = Syslog(str(settings.syslog.socket), settings.alerts.language)
        self._syslog_thread = ThreadPoolExecutor(1, thread_name_prefix="syslog")
        self._background = Background()
        self._wall = self.clock.wall_lead()
        self._checkpoint_due = 0.0
        self.syslog_error: Message | None = None

    # -- life

    def start(self) -> None:
        """Begins to deliver; called on the event loop."""
        self.dispatch.start()
        if self._settings.mode.service:
            self.tell_of_agent(What.STARTED)

    async def stop(self) -> None:
        """Tells of the stop, and leaves everything that is not delivered in the store."""
        if self._settings.mode.service:
            with suppress(sqlite3.Error, TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(self.tell_of_agent(What.STOPPED)), 2.0)
        await self.dispatch.stop()
        self._checkpoint()
        await asyncio.to_thread(self.store.close)
        self._syslog_thread.shutdown(wait=True)

    def reload(self, settings: Settings) -> None:
        """Other limits and trust: what is not delivered is tried again at once."""
        self._settings = settings
        self.pace.configure(settings.delivery)
        self.dispatch.reload(settings)

    def tick(self) -> None:
        """Each second: subscriptions whose time is over, and the checkpoint of the clock."""
        self.pace.look()
        self.dispatch.tick()
        self._note_step()
        now = self.clock.now()
        if self.registry.has_ended:
            self._background.run(asyncio.to_thread(self._expire))
        if self.registry.book.idle_sinks():
            self._background.run(asyncio.to_thread(self.registry.forget_sinks))
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

    def told_within(self, alerts: Sequence[Alert], destinations: frozenset[int]) -> None:
        """After the commit of alerts that were put into the history within another's transaction."""
        self.dispatch.queued(destinations)
        for alert in alerts:
            self._log_alert(alert)

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

    def _tell_given_up(self, url: str, count: int) -> None:
        """One alert for all that a destination did not take in time (F09)."""
        self.publish(agent_alert(events.REPORT, What.GIVEN_UP, self.occasion(), destination=url, count=count))

    def _as_filters_see_it(self, alert: Alert) -> tuple[Class, Instance]:
        alert, cls = class_of(alert, self._indications)
        return cls, filtered(alert, cls, self._host.system_name, self._settings.alerts.language)

    # -- what is told

    @property
    def failing(self) -> str:
        """Why the store cannot commit now; "" while it can."""
        return self.store.failing


def _resume(store: Store) -> Checkpoint:
    row = store.read(lambda db: db.execute("SELECT agent, boottime, boot_id, wall FROM clock").fetchone())
    last = None if row is None else Checkpoint(*row)
    boottime = time.clock_gettime(time.CLOCK_BOOTTIME)
    return resumed(last, boottime, boot_id(Path("/proc")), time.time())
