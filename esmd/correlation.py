"""Correlation in the agent: alerts go into the event log, and what is decided comes out as alerts.

It is off until somebody turns it on (R-1). While it is on, each alert has its event in the transaction that
makes it durable, and what a batch of events decides is durable together with the position in the log.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from esmd.alerts import Alerts
from esmd.audit import Audit
from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.commanding import Told, audited, committed, refusal
from esmd.correlator import Correlator, Done, append
from esmd.decisions import Decisions, give_up, tidy
from esmd.events import EventLog
from esmd.service import Arguments, Command, RefusedError
from indications.correlation.as_alert import alert_of_event
from indications.correlation.definition import Definition
from indications.correlation.from_alert import CORRELATION_EVENT as CLASS
from indications.correlation.from_alert import event_of
from indications.correlation.issuing import Issued
from indications.correlation.reading import read
from indications.correlation.wrong import DefinitionError
from openesm.cim.schema import Namespace
from openesm.model import Alert
from openesm.store import StoreError
from openesm.text import Language

KEPT_S = 2 * 86_400.0  # events in the log; a set is open for a day at most
TIDY_S = 3600.0
TEXT_MOST = 4 << 20

log = logging.getLogger("openesm.correlation")


@dataclass(frozen=True, slots=True)
class State:
    """As it is kept; `applied_at` is wall clock."""

    is_enabled: bool = False
    is_paused: bool = False
    text: str = ""
    applied_at: float | None = None


class Correlation:
    """Runs it, and carries out the commands about it.

    Args:
        indications: the namespace of the indication classes.
        language: of the texts, now.
    """

    def __init__(self, alerts: Alerts, indications: Namespace, language: Callable[[], Language]) -> None:
        cls = indications.get(CLASS)
        assert cls is not None
        self._alerts = alerts
        self._class = cls
        self._language = language
        query = "SELECT is_enabled, is_paused, definition, applied_at FROM correlation"
        enabled, paused, text, at = alerts.store.read(lambda db: db.execute(query).fetchone())
        self._state = State(bool(enabled), bool(paused), text, at)
        self._correlator = self._carrying(_kept(text))
        self._is_running = False  # from a batch being asked for until it is settled
        self._is_failing = False
        self._told: set[int] = set()
        self._issued: list[Alert] = []
        self._counts = {"events": 0, "issued": 0}
        self._tidy_due = time.monotonic() + TIDY_S
        alerts.outbox.note(self._note)

    def _carrying(self, definition: Definition) -> Correlator:
        return Correlator(self._alerts.store, definition, issue=self._issue)

    # -- in the writer's thread

    def _note(self, db: sqlite3.Connection, alert: Alert, number: int, now: float) -> None:
        """An alert becomes an event of its number; who issues a correlation event puts it in itself."""
        if not self._state.is_enabled or (alert.raised is not None and alert.raised.classname == CLASS):
            return
        event = event_of(alert, number, now, self._alerts.registry.system_name, self._language())
        append(db, now, event.attributes, number=number)

    def _issue(self, db: sqlite3.Connection, event: Issued) -> int:
        alert = alert_of_event(event, self._class, self._alerts.occasion())
        number = self._alerts.outbox.insert(db, alert, self._told)
        append(db, event.at, event.attributes, event.chain, event.key, number)
        self._issued.append(alert)
        return number

    # -- on the event loop

    def tick(self) -> None:
        """Each second: what the log has, and what is late."""
        if not self._state.is_enabled:
            return
        if not self._is_running:
            self._advance()
        if time.monotonic() >= self._tidy_due:
            self._tidy_due = time.monotonic() + TIDY_S
            self._tidy()

    def _advance(self) -> None:
        self._told, self._issued, self._is_running = set[int](), list[Alert](), True
        try:
            running = self._correlator.advance(self._alerts.clock.now(), paused=self._state.is_paused)
        except StoreError:  # the agent stops
            self._is_running = False
        else:
            running.add_done_callback(self._settle)

    def _settle(self, done: Future[Done]) -> None:
        """Called in the writer's thread, after the commit."""
        failed = None if done.cancelled() else done.exception()
        if failed is not None and not self._is_failing:
            log.error("correlation waits: %s", failed)
        self._is_failing = failed is not None
        if done.cancelled() or failed is not None:
            self._is_running = False
            return
        self._counts["events"] += done.result().events
        self._counts["issued"] += len(self._issued)
        self._alerts.told_within(self._issued, frozenset(self._told))
        if done.result().is_caught_up:
            self._is_running = False
        else:
            self._advance()

    def _tidy(self) -> None:
        oldest = self._alerts.clock.now() - KEPT_S

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM event WHERE arrived < ? AND number <= (SELECT processed FROM correlation)"
                " AND number NOT IN (SELECT number FROM correlation_match)",
                (oldest,),
            )
            tidy(db)

        self._alerts.store.write(work)

    # -- commands

    def commands(self, audit: Audit) -> dict[str, tuple[Role, Command]]:
        """The commands by name, each with the role that it needs; changes are audited."""
        changes: dict[str, Command] = {
            "correlation-apply": self.apply,
            "correlation-clear": self.clear,
            "correlation-enable": self.enable,
            "correlation-disable": self.disable,
            "correlation-start": self.start,
            "correlation-stop": self.stop,
        }
        return {
            "event-list": (Role.VIEWER, EventLog(self._alerts, self._language).list),
            "correlation-status": (Role.VIEWER, self.status),
            "correlation-history": (Role.VIEWER, Decisions(self._alerts.store).list),
        } | {name: (Role.ADMIN, audited(audit, name, command)) for name, command in changes.items()}

    def status(self, _principal: Principal, _args: Arguments) -> Told:
        """What it does now."""
        state = self._state
        sets, waiting = self._alerts.store.read(
            lambda db: db.execute(
                "SELECT (SELECT count(*) FROM (SELECT DISTINCT condition, opened FROM correlation_match)),"
                " (SELECT count(*) FROM event WHERE key IS NULL AND number > processed) FROM correlation"
            ).fetchone()
        )
        return {
            "state": self._word(),
            "applied_at": state.applied_at,
            "conditions": [each.name for each in _kept(state.text).conditions],
            "definition": state.text,
            "open_sets": sets,
            "waiting_events": waiting,
            **self._counts,
        }

    def apply(self, _principal: Principal, args: Arguments) -> Told:
        """Puts a definition in the place of the one in use; unchanged conditions go on (R-4, R-90)."""
        text = args.get("definition")
        if not isinstance(text, str) or len(text) > TEXT_MOST:
            raise refusal("bad-argument", name="definition")
        try:
            definition = read(text, str(args.get("file", "")))
        except DefinitionError as wrong:
            raise RefusedError(wrong.wrong[0].reason) from wrong
        kept = {each.canonical for each in _kept(self._state.text).conditions}
        unchanged = [each.name for each in definition.conditions if each.canonical in kept]
        fresh = replace(self._state, text=text, applied_at=time.time())

        def work(db: sqlite3.Connection) -> int:
            gone = give_up(db, unchanged)
            _keep(db, fresh)
            self._correlator = self._carrying(definition)
            self._state = fresh
            return gone

        committed(self._alerts.store.write(work))
        return {"conditions": len(definition.conditions), "unchanged": len(unchanged)}

    def clear(self, principal: Principal, _args: Arguments) -> Told:
        return self.apply(principal, {"definition": ""})

    def enable(self, _principal: Principal, _args: Arguments) -> Told:
        return self._change(is_enabled=True)

    def disable(self, _principal: Principal, _args: Arguments) -> Told:
        """Off: nothing goes into the log any more, and what was in progress is given up."""
        return self._change(is_enabled=False)

    def start(self, _principal: Principal, _args: Arguments) -> Told:
        return self._change(is_paused=False)

    def stop(self, _principal: Principal, _args: Arguments) -> Told:
        """Pauses: events are passed over for good, what is in progress goes on by time (R-6, R-7)."""
        return self._change(is_paused=True)

    def _change(self, *, is_enabled: bool | None = None, is_paused: bool | None = None) -> Told:
        before = self._state
        fresh = replace(
            before,
            is_enabled=before.is_enabled if is_enabled is None else is_enabled,
            is_paused=before.is_paused if is_paused is None else is_paused,
        )

        def work(db: sqlite3.Connection) -> None:
            if not fresh.is_enabled:
                give_up(db)
                last = db.execute("SELECT ifnull(max(number), 0) FROM event").fetchone()[0]
                db.execute("UPDATE correlation SET processed = max(processed, ?)", (last,))
                self._correlator = self._carrying(_kept(fresh.text))
            _keep(db, fresh)
            self._state = fresh

        committed(self._alerts.store.write(work))
        return {"state": self._word()}

    def _word(self) -> str:
        return "disabled" if not self._state.is_enabled else "paused" if self._state.is_paused else "running"


def _kept(text: str) -> Definition:
    """The definition in use; none where an earlier version has taken what this one refuses."""
    try:
        return read(text, "")
    except DefinitionError as wrong:
        log.error("the definition in use cannot be read: %s", wrong)
        return Definition()


def _keep(db: sqlite3.Connection, state: State) -> None:
    db.execute(
        "UPDATE correlation SET is_enabled = ?, is_paused = ?, definition = ?, applied_at = ?",
        (state.is_enabled, state.is_paused, state.text, state.applied_at),
    )
