"""Correlation in the agent: alerts go into the event log, and what is decided comes out as alerts.

It is off until somebody turns it on (R-1). While it is on, each alert has its event in the transaction that
makes it durable, and what a batch of events decides is durable together with the position in the log.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import TypeVar

from esmd.alerts import Alerts
from esmd.commanding import committed
from esmd.correlation import decisions, event_log, lives
from esmd.correlation.correlator import Correlator, Done, append
from esmd.correlation.state import State, keep, load
from esmd.service import RefusedError
from indications import events
from indications.alert import agent_alert
from indications.correlation.as_alert import alert_of_event
from indications.correlation.definition import Definition
from indications.correlation.engine import Decision, Failed, Limited, LimitEnded, Succeeded
from indications.correlation.from_alert import CORRELATION_EVENT as CLASS
from indications.correlation.from_alert import event_of
from indications.correlation.issuing import Issued
from indications.correlation.starting import OnPause, Plan, Where, Why
from indications.events import What
from openesm.cim.schema import Class, Namespace
from openesm.model import Alert
from openesm.patterns import GuardedPatterns
from openesm.store import StoreError
from openesm.text import Language

T = TypeVar("T")

TICK_S = 1.0
SOON_S = 0.001  # after a deadline, which is in time itself
TIDY_S = 3600.0
STOP_S = 5.0

log = logging.getLogger("openesm.correlation")


class Life(StrEnum):
    """The states of the function (R-6); of one that is on."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DISABLED = "disabled"


@dataclass(slots=True)
class Counts:
    """What was done since the start of the agent (R-97).

    Attributes:
        behind_s: how long ago the event arrived that was taken last; 0 where all were.
        commit_s: how long the last batch took, its commit included.
    """

    events: int = 0
    offered: int = 0
    issued: int = 0
    succeeded: int = 0
    failed: int = 0
    discarded: int = 0
    limited: int = 0
    behind_s: float = 0.0
    commit_s: float = 0.0

    def add(self, done: Done, issued: int, took_s: float) -> None:
        self.events += done.events
        self.offered += done.offered
        self.issued += issued
        self.behind_s, self.commit_s = done.behind_s, took_s
        for each in done.decisions:
            if isinstance(each, Succeeded):
                self.succeeded += 1
            elif isinstance(each, Failed):
                self.failed += 1
            elif isinstance(each, Limited):
                self.limited += 1


class Correlation:
    """Runs it; the commands about it are `orders.Orders`.

    Args:
        indications: the namespace of the indication classes.
        language: of the texts, now.
    """

    def __init__(self, alerts: Alerts, indications: Namespace, language: Callable[[], Language]) -> None:
        cls = indications.get(CLASS)
        assert cls is not None
        self.alerts = alerts
        self.counts = Counts()
        self._class = cls
        self._language = language
        self._patterns = GuardedPatterns(self._tell_of_pattern)
        self._state = alerts.store.read(load)
        self._life = Life.STARTING
        self._correlator = self._carrying(self._state.definition)
        self._running: Future[Done] | None = None
        self._is_failing = False
        self._next_deadline: float | None = None
        self._tidy_due = time.monotonic() + TIDY_S
        alerts.outbox.note(self._note)

    @property
    def state(self) -> State:
        return self._state

    @property
    def language(self) -> Language:
        return self._language()

    @property
    def life(self) -> Life:
        if self._life in (Life.STARTING, Life.STOPPING):
            return self._life
        if not self._state.is_enabled:
            return Life.DISABLED
        return self._life if self._life is not Life.RUNNING or not self._state.is_paused else Life.PAUSED

    def _carrying(self, definition: Definition, state: State | None = None) -> Correlator:
        state = state or self._state
        return Correlator(
            self.alerts.store,
            definition,
            state.groups.belongs,
            options=state.options,
            patterns=self._patterns,
        )

    # -- life

    def start(self) -> None:
        """Begins; what is registered from now on is new (R-10). While the store fails, each tick tries."""
        if self._state.is_enabled:
            try:
                begun = self.in_store(lambda db: lives.begin(db, self._state, self.alerts.clock.now()))
            except RefusedError as failed:
                if not self._is_failing:
                    log.error("correlation cannot start: %s", failed)
                self._is_failing = True
                return
            self._is_failing = False
            self._note_begun(begun)
        self._life = Life.RUNNING

    def _note_begun(self, begun: lives.Begun) -> None:
        if begun.plan.discards:
            self.counts.discarded += begun.sets
        if begun.was_killed:
            at, what = (
                time.localtime(begun.last_commit or 0),
                "given up" if begun.plan.discards else "resumed",
            )
            last = time.strftime("%F %T", at) if begun.last_commit else "-"
            log.warning("correlation was killed; last commit at %s, %d sets %s", last, begun.sets, what)
        elif begun.plan.discards:
            log.warning("correlation gives %d sets up: %s", begun.sets, begun.plan.discards)
        if begun.plan.warns:
            log.warning("KAJV2316-W sets in progress are not carried over, because begin is given")
        log.info("correlation goes on after event %d", begun.after)

    async def stop(self) -> None:
        """Ends as the start option says; a batch that is under way is waited for."""
        if self._life is not Life.RUNNING:
            return
        self._life = Life.STOPPING
        if (running := self._running) is not None:
            await asyncio.wait([asyncio.wrap_future(running)], timeout=STOP_S)
        if self._state.is_enabled:
            try:
                await asyncio.to_thread(self.in_store, lambda db: lives.end(db, self._state))
            except RefusedError as failed:
                log.error("correlation could not write its stop: %s", failed)
        self._life = Life.STOPPED
        self._patterns.close()

    # -- in the writer's thread

    def _note(self, db: sqlite3.Connection, alert: Alert, number: int, now: float, told: set[int]) -> None:
        """An alert becomes an event of its number; who issues a correlation event puts it in itself."""
        if not self._state.is_enabled or (alert.raised is not None and alert.raised.classname == CLASS):
            return
        event = event_of(alert, number, now, self.alerts.registry.system_name, self._language())
        append(db, now, event.attributes, number=number)
        self.correlate_within(db, told)

    def correlate_within(self, db: sqlite3.Connection, told: set[int]) -> None:
        """With the integrated database, decides what has just come, in its transaction (R-9).

        Args:
            told: gets the destinations that have to be woken after it.
        """
        if not self._state.options.integrated_db or self.life is not Life.RUNNING or self._is_failing:
            return
        batch = _Batch(self.alerts, self._class, told)
        done = self._correlator.within(db, batch.issue)

        def settle(is_kept: bool) -> None:
            if is_kept:
                self._note_done(done, batch, 0.0)
                self.alerts.told_within(batch.issued, frozenset())

        self.alerts.store.when_settled(settle)

    def _tell_of_pattern(self, pattern: str) -> None:
        alert = agent_alert(events.CORRELATION, What.FAILED, self.alerts.occasion(), pattern=pattern)
        self.alerts.publish(alert)

    # -- on the event loop

    def tick(self) -> None:
        """Each second: what the log has, and what is late."""
        if time.monotonic() >= self._tidy_due:
            self._tidy_due = time.monotonic() + TIDY_S
            self._tidy()
        if self._life is Life.STARTING:
            self.start()
        self._look()
        wait_s = (self._next_deadline or inf) - self.alerts.clock.now()
        if 0 < wait_s < TICK_S:  # before the next tick
            asyncio.get_running_loop().call_later(wait_s + SOON_S, self._look)

    def _look(self) -> None:
        """A batch, unless one is under way or a pause holds everything back."""
        is_held = self.life is Life.PAUSED and self._state.options.on_pause is OnPause.HOLD
        if self.life in (Life.RUNNING, Life.PAUSED) and not is_held and self._running is None:
            self._advance()

    def _advance(self) -> None:
        batch, before = _Batch(self.alerts, self._class, set()), time.monotonic()
        try:
            running = self._correlator.advance(
                self.alerts.clock.now(), paused=self._state.is_paused, issue=batch.issue
            )
        except StoreError:  # the agent stops
            return
        self._running = running
        running.add_done_callback(lambda done: self._settle(done, batch, time.monotonic() - before))

    def _settle(self, done: Future[Done], batch: _Batch, took_s: float) -> None:
        """Called in the writer's thread, after the commit."""
        self._running = None
        failed = None if done.cancelled() else done.exception()
        if failed is not None and not self._is_failing:
            log.error("correlation waits: %s", failed)
        self._is_failing = failed is not None
        if done.cancelled() or failed is not None:
            return
        self._next_deadline = done.result().next_deadline
        self._note_done(done.result(), batch, took_s)
        self.alerts.told_within(batch.issued, frozenset(batch.told))
        if not done.result().is_caught_up and self._life is Life.RUNNING:
            self._advance()

    def _note_done(self, done: Done, batch: _Batch, took_s: float) -> None:
        self.counts.add(done, len(batch.issued), took_s)
        _warn_of_limits(done.decisions)

    def _tidy(self) -> None:
        oldest = self.alerts.clock.now() - event_log.KEPT_S

        def work(db: sqlite3.Connection) -> None:
            event_log.tidy(db, oldest)
            decisions.tidy(db)

        self.alerts.store.write(work)

    # -- for the commands

    def in_store(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Does something in a transaction of its own; waits for the commit."""
        return committed(self.alerts.store.write(work))

    def change(self, fresh: State, also: Callable[[sqlite3.Connection], T]) -> T:
        """Another state from one batch to the next, with what else belongs to the transaction."""
        before = self._state, self._correlator

        def settle(is_kept: bool) -> None:
            if not is_kept:
                self._state, self._correlator = before

        def work(db: sqlite3.Connection) -> T:
            done = also(db)
            keep(db, fresh)
            self._correlator = self._carrying(fresh.definition, fresh)
            self._state = fresh
            self.alerts.store.when_settled(settle)
            return done

        return self.in_store(work)

    def enable(self) -> None:
        """On: begins with what comes from now on (R-1)."""
        if self._state.is_enabled:
            return
        fresh = replace(self._state, is_enabled=True)

        now = self.alerts.clock.now()
        self.change(fresh, lambda db: lives.begin(db, fresh, now, Plan(Where.NEW)))

    def disable(self) -> None:
        """Off: no alert goes into the log any more, and what is in progress is given up."""
        if self._state.is_enabled:
            stopped = self._state
            fresh = replace(stopped, is_enabled=False)
            self.counts.discarded += self.change(fresh, lambda db: lives.end(db, stopped, Why.OPERATOR))


class _Batch:
    """What one transaction issues.

    Attributes:
        told: the destinations that have to be woken after it.
    """

    def __init__(self, alerts: Alerts, cls: Class, told: set[int]) -> None:
        self.told = told
        self.issued: list[Alert] = []
        self._alerts = alerts
        self._class = cls

    def issue(self, db: sqlite3.Connection, event: Issued) -> int:
        alert = alert_of_event(event, self._class, self._alerts.occasion())
        number = self._alerts.outbox.insert(db, alert, self.told)
        append(db, event.at, event.attributes, event.chain, event.key, number)
        self.issued.append(alert)
        return number


def _warn_of_limits(decided: Sequence[Decision]) -> None:
    """Once when no set can be opened any more, and once when one can (R-54)."""
    for each in decided:
        if isinstance(each, Limited) and each.begins:
            log.warning(
                "[%s] has no room for another set, from event %d on", each.condition, each.event.number
            )
        elif isinstance(each, LimitEnded):
            log.warning("[%s] has room for sets again", each.condition)
