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
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TypeVar

from esmd.alerts import Alerts
from esmd.commanding import committed
from esmd.correlation import decisions, event_log, lives
from esmd.correlation.correlator import Correlator, Done, append, is_issued
from esmd.correlation.running import Counts, Life
from esmd.correlation.state import State, keep, load
from esmd.service import RefusedError
from indications import events
from indications.alert import agent_alert
from indications.correlation.as_alert import alert_of_event
from indications.correlation.deciding import Decision, Limited, LimitEnded
from indications.correlation.definition import Definition
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
CATCH_UP_BATCHES = 20
STOP_S = 5.0

log = logging.getLogger("openesm.correlation")


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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_database = False  # of this run: the option is for the next one
        self._error = ""  # why the last batch failed
        self._next_deadline: float | None = None
        self._tidy_due = time.monotonic() + TIDY_S
        alerts.outbox.note(self._note)

    @property
    def state(self) -> State:
        return self._state

    @property
    def error(self) -> str:
        """Why nothing is decided now; "" while all is well."""
        return self._error

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
        self._loop = asyncio.get_running_loop()
        if self._state.is_enabled:
            self._has_database = self._state.options.integrated_db
            try:
                begun = self.in_store(lambda db: lives.begin(db, self._state, self.alerts.clock.now()))
            except RefusedError as failed:
                self._note_error(str(failed))
                return
            self._note_error("")
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

        What goes wrong in correlation takes nothing else with it; the event is decided with the next tick.

        Args:
            told: gets the destinations that have to be woken after it.
        """
        if not self._has_database or self.life is not Life.RUNNING or self._error:
            return
        db.execute("SAVEPOINT correlation")
        try:
            self._batch(db, told, None)
        except sqlite3.OperationalError:
            raise  # the file: all of it fails
        except Exception as failed:
            db.execute("ROLLBACK TO correlation")
            self._correlator.forget()
            self._note_error(str(failed))
        db.execute("RELEASE correlation")

    def _batch(self, db: sqlite3.Connection, told: set[int] | None, now: float | None) -> Done:
        """One batch; what it has issued is told after the commit.

        Args:
            told: of an outer transaction, which wakes these destinations itself.
        """
        before = time.monotonic()
        batch = _Batch(self.alerts, self._class, set() if told is None else told)
        done = self._correlator.batch(db, now, paused=self._state.is_paused, issue=batch.issue)

        def settle(is_kept: bool) -> None:
            if is_kept:
                self.counts.add(done, len(batch.issued), time.monotonic() - before)
                _warn_of_limits(done.decisions)
                self.alerts.told_within(batch.issued, frozenset(batch.told if told is None else ()))

        self.alerts.store.when_settled(settle)
        return done

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Before something changes: what has come until now is decided as it was (R-3, R-7)."""
        if self.life is Life.RUNNING and not self._error:
            for _ in range(CATCH_UP_BATCHES):
                if self._batch(db, None, None).is_caught_up:
                    return

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
        now = self.alerts.clock.now()
        try:
            running = self.alerts.store.write(lambda db: self._batch(db, None, now))
        except StoreError:  # the agent stops
            return
        self._running = running
        running.add_done_callback(self._settle)

    def _settle(self, done: Future[Done]) -> None:
        """Called in the writer's thread; the next batch begins on the event loop, behind what was ordered."""
        self._running = None
        if done.cancelled():
            return
        failed = done.exception()
        self._note_error("" if failed is None else str(failed) or type(failed).__name__)
        if failed is None:
            self._next_deadline = done.result().next_deadline
            if not done.result().is_caught_up and self._loop is not None:
                with suppress(RuntimeError):  # the agent has stopped
                    self._loop.call_soon_threadsafe(self._look)

    def _note_error(self, error: str) -> None:
        if error and not self._error:
            log.error("correlation waits: %s", error)
        elif self._error and not error:
            log.warning("correlation works again")
        self._error = error

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
            self._catch_up(db)
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
        fresh, now = replace(self._state, is_enabled=True), self.alerts.clock.now()
        begun = self.change(fresh, lambda db: lives.begin(db, fresh, now, Plan(Where.NEW)))
        self._has_database = fresh.options.integrated_db
        self._note_begun(begun)

    def disable(self) -> None:
        """Off: no alert goes into the log any more, and what is in progress is given up."""
        if self._state.is_enabled:
            stopped = self._state
            fresh = replace(stopped, is_enabled=False)
            self.counts.discarded += self.change(fresh, lambda db: lives.end(db, stopped, Why.OPERATOR))

    def pause(self, is_paused: bool) -> None:
        """What came before a pause is decided before it; what comes in it is not, or after it (R-7)."""
        if self._state.is_paused is not is_paused:
            fresh = replace(self._state, is_paused=is_paused)
            self.change(fresh, lambda db: lives.note_pause(db, fresh))
            log.info("correlation is paused" if is_paused else "correlation goes on after a pause")


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

    def issue(self, db: sqlite3.Connection, event: Issued) -> int | None:
        if is_issued(db, event.key):
            return None
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
