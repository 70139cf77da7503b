"""The commands of the control socket about correlation and its events."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Mapping
from dataclasses import replace

from esmd.audit import Audit
from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.commanding import Told, audited, refusal, store_failures
from esmd.correlation import backfill, decisions, lives
from esmd.correlation.backfill import Filled, Wanted
from esmd.correlation.decisions import Decisions
from esmd.correlation.event_log import EventLog
from esmd.correlation.running import Life
from esmd.correlation.service import Correlation
from esmd.correlation.state import State
from esmd.service import Arguments, Command, RefusedError
from indications.correlation.advising import advice
from indications.correlation.groups import GroupsError, read_groups
from indications.correlation.history import Record
from indications.correlation.limits import BEGIN_HOURS_MOST
from indications.correlation.reading import read
from indications.correlation.starting import OnChange, OptionError, Why
from indications.correlation.wrong import DefinitionError
from openesm.text import Message

TEXT_MOST = 4 << 20


class Orders:
    """Carries them out; changes need an administrator and are audited."""

    def __init__(self, correlation: Correlation) -> None:
        self._correlation = correlation
        self._log = EventLog(correlation.alerts, lambda: correlation.language, correlation.correlate_within)

    def commands(self, audit: Audit) -> dict[str, tuple[Role, Command]]:
        """The commands by name, each with the role that it needs."""
        changes: dict[str, Command] = {
            "correlation-apply": self.apply,
            "correlation-clear": self.clear,
            "correlation-enable": self.enable,
            "correlation-disable": self.disable,
            "correlation-start": self.start,
            "correlation-stop": self.stop,
            "correlation-set": self.set,
            "correlation-backfill": self.backfill,
            "group-apply": self.group_apply,
        }
        store = self._correlation.alerts.store
        return {
            "event-list": (Role.VIEWER, self._log.list),
            "event-send": (Role.OPERATOR, self._log.send),
            "correlation-status": (Role.VIEWER, self.status),
            "correlation-metrics": (Role.VIEWER, self.metrics),
            "correlation-history": (Role.VIEWER, Decisions(store, lambda: self._state).list),
            "group-list": (Role.VIEWER, self.group_list),
        } | {name: (Role.ADMIN, audited(audit, name, command)) for name, command in changes.items()}

    @property
    def _state(self) -> State:
        return self._correlation.state

    # -- what is told

    def status(self, _principal: Principal, _args: Arguments) -> Told:
        """What it does now."""
        state, counts = self._state, self._correlation.counts
        sets, waiting = self._correlation.alerts.store.read(_sets_and_waiting)
        return {
            "state": str(self._correlation.life),
            "options": state.options.as_json(),
            "applied_at": state.applied_at,
            "conditions": [each.name for each in state.definition.conditions],
            "definition": state.text,
            "open_sets": sets,
            "waiting_events": waiting,
            "events": counts.events,
            "issued": counts.issued,
            "error": self._correlation.error,
        }

    def metrics(self, _principal: Principal, _args: Arguments) -> Told:
        """What was done since the start of the agent, and how it does (R-97)."""
        counts = self._correlation.counts
        query = (
            "SELECT condition, count(*) FROM (SELECT DISTINCT condition, opened FROM correlation_match)"
            " GROUP BY condition"
        )
        store = self._correlation.alerts.store
        open_sets = dict(store.read(lambda db: db.execute(query).fetchall()))
        _, waiting = store.read(_sets_and_waiting)
        return {
            "events": counts.events,
            "offered": counts.offered,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "issued": counts.issued,
            "discarded": counts.discarded,
            "limited": counts.limited,
            "waiting_events": waiting,
            "lag_seconds": round(counts.behind_s, 3),
            "batch_seconds": round(counts.commit_s, 6),
            "open_sets": {
                each.name: open_sets.get(each.name, 0) for each in self._state.definition.conditions
            },
        }

    # -- the definition

    def apply(self, principal: Principal, args: Arguments) -> Told | Awaitable[Told]:
        """Puts a definition in the place of the one in use; unchanged conditions go on (R-4, R-90).

        Args:
            args: `definition`, its text; `file`, its name; `backfill`, hours.
        """
        text, file = args.get("definition"), str(args.get("file", ""))
        if not isinstance(text, str) or len(text) > TEXT_MOST:
            raise refusal("bad-argument", name="definition")
        hours = _hours(args.get("backfill", 0), least=0)
        self._must_be_settled()
        try:
            definition = read(text, file)
        except DefinitionError as wrong:
            self._record("refused", principal, file=file, reason=wrong.wrong[0].text())
            raise RefusedError(wrong.wrong[0].reason) from wrong
        before = self._state
        known = {each.canonical for each in before.definition.conditions}
        unchanged = [each.name for each in definition.conditions if each.canonical in known]
        kept = [] if before.options.on_change is OnChange.DISCARD_ALL else unchanged
        fresh = replace(before, text=text, applied_at=time.time())
        wanted = self._wanted(fresh, hours, None)
        is_short = not hours or self._is_short(wanted)

        def work(db: sqlite3.Connection) -> tuple[int, Filled]:
            gone = decisions.give_up(db, Why.CHANGED, kept)
            passed_over: dict[str, object] = {}
            if before.is_enabled:
                lives.changed(db, fresh)
            else:  # what has come until now was offered to nobody, and is not any more
                passed_over = lives.pass_over(db)
            lives.note_since(db, definition, unchanged)
            detail = {"file": file, "user": principal.name, "conditions": len(definition.conditions)}
            detail |= {"unchanged": unchanged, "given_up_sets": gone, **passed_over}
            decisions.keep(db, [Record("applied", detail=detail)])
            return gone, backfill.fill(db, wanted, self._now) if hours and is_short else Filled()

        gone, filled = self._correlation.change(fresh, work)
        self._correlation.counts.discarded += gone
        told = {
            "conditions": len(definition.conditions),
            "unchanged": len(unchanged),
            "discarded_sets": gone,
            "advice": [_spelled(each) for each in advice(definition, fresh.groups)],
        }
        return _with(told, filled) if is_short else self._fill_slowly(wanted, told)

    def clear(self, principal: Principal, _args: Arguments) -> Told | Awaitable[Told]:
        return self.apply(principal, {"definition": ""})

    def backfill(self, _principal: Principal, args: Arguments) -> Told | Awaitable[Told]:
        """Offers past events to conditions that came into use after them; nothing is issued (R-92).

        Args:
            args: `hours`; `condition`, the name of one, else all that were not back-filled yet.
        """
        hours, name = _hours(args.get("hours"), least=1), args.get("condition")
        if name is not None and name not in [each.name for each in self._state.definition.conditions]:
            raise refusal("no-condition", name=name)
        self._must_be_settled()
        wanted = self._wanted(self._state, hours, None if name is None else str(name))
        if not self._is_short(wanted):
            return self._fill_slowly(wanted, {})
        return _with(
            {}, self._correlation.change(self._state, lambda db: backfill.fill(db, wanted, self._now))
        )

    @property
    def _now(self) -> float:
        return self._correlation.alerts.clock.now()

    def _wanted(self, state: State, hours: int, name: str | None) -> Wanted:
        names = None if name is None else frozenset({name})
        return Wanted(state, self._log.events, self._now - hours * backfill.HOUR_S, names)

    def _is_short(self, wanted: Wanted) -> bool:
        """Whether the agent can wait for it."""
        store = self._correlation.alerts.store
        return store.read(lambda db: backfill.size(db, wanted.since)) <= backfill.AT_ONCE_MOST

    async def _fill_slowly(self, wanted: Wanted, told: Told) -> Told:
        store, now = self._correlation.alerts.store, self._now
        filled = await asyncio.to_thread(store.read, lambda db: backfill.look(db, wanted, now))
        with store_failures():
            await asyncio.wrap_future(store.write(lambda db: backfill.keep(db, wanted, filled)))
        return _with(told, filled)

    # -- life

    def enable(self, _principal: Principal, _args: Arguments) -> Told:
        self._must_be_settled()
        self._correlation.enable()
        return self._told_state()

    def disable(self, _principal: Principal, _args: Arguments) -> Told:
        self._must_be_settled()
        self._correlation.disable()
        return self._told_state()

    def start(self, _principal: Principal, _args: Arguments) -> Told:
        return self._pause(False)

    def stop(self, _principal: Principal, _args: Arguments) -> Told:
        """Pauses; what becomes of the events that come meanwhile is an option (R-6, R-7)."""
        return self._pause(True)

    def _pause(self, is_paused: bool) -> Told:
        self._must_be_settled()
        if not self._state.is_enabled:
            raise refusal("not-enabled")
        self._correlation.pause(is_paused)
        return self._told_state()

    def set(self, principal: Principal, args: Arguments) -> Told:
        """Changes options (R-24): one that cannot be changes nothing.

        Args:
            args: options by their names; without any, they are only told.
        """
        self._must_be_settled()
        try:
            options = self._state.options.with_changes(args)
        except OptionError as wrong:
            raise RefusedError(wrong.message) from wrong
        if args:
            self._correlation.change(replace(self._state, options=options), lambda _db: None)
            self._record("options", principal, **options.as_json())
        return {"options": options.as_json()}

    def _told_state(self) -> Told:
        return {"state": str(self._correlation.life)}

    def _must_be_settled(self) -> None:
        """Nothing is changed while it starts or stops (R-4)."""
        if self._correlation.life in (Life.STARTING, Life.STOPPING):
            raise refusal("not-settled", state=str(self._correlation.life))

    # -- business groups

    def group_apply(self, principal: Principal, args: Arguments) -> Told:
        """Puts other business groups in force; an event is looked at with those of its moment (R-61)."""
        text = args.get("groups")
        if not isinstance(text, str) or len(text) > TEXT_MOST:
            raise refusal("bad-argument", name="groups")
        try:
            groups = read_groups(text)
        except GroupsError as wrong:
            raise RefusedError(wrong.message) from wrong
        self._must_be_settled()
        self._correlation.change(replace(self._state, groups_text=text), lambda _db: None)
        self._record("groups", principal, groups=len(groups.hosts))
        found = advice(self._state.definition, groups)
        return {"groups": len(groups.hosts), "advice": [_spelled(each) for each in found]}

    def group_list(self, _principal: Principal, _args: Arguments) -> Told:
        groups = self._state.groups
        return {
            "text": self._state.groups_text,
            "groups": [
                {"path": path, "hosts": sorted(hosts), "users": sorted(groups.users.get(path, ()))}
                for path, hosts in sorted(groups.hosts.items())
            ],
        }

    def _record(self, what: str, principal: Principal, **detail: object) -> None:
        kept = Record(what, detail={"user": principal.name, **detail})
        self._correlation.in_store(lambda db: decisions.keep(db, [kept]))


def _hours(given: object, least: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= BEGIN_HOURS_MOST:
        raise refusal("bad-hours", most=BEGIN_HOURS_MOST)
    return given


def _with(told: Told, filled: Filled) -> Told:
    """The last records of a back-fill, and how many there were."""
    records = filled.records[-decisions.LIST_MOST :]
    return {**told, "backfilled": filled.count, "records": [decisions.told(each) for each in records]}


def _sets_and_waiting(db: sqlite3.Connection) -> tuple[int, int]:
    (waiting,) = db.execute(
        "SELECT count(*) FROM event, correlation WHERE is_enabled AND key IS NULL AND number > processed"
    ).fetchone()
    return decisions.count_sets(db), int(waiting)


def _spelled(message: Message) -> Mapping[str, object]:
    return {"key": message.key, "args": {name: str(value) for name, value in message.args}}
