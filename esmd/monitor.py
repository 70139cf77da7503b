"""The monitoring threads: measure, judge, and publish what changed (THR-1 to THR-6, esm-definitions 2).

Not threads of the operating system: each second the classes that are due are read and judged on the event
loop; what may block is read in a worker first. The state of an element advances in the same transaction as
the alert that tells of it; when that cannot be committed, it is judged again.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from esmd.outbox import Also
from esmd.watches import Watched, forgetting, load_settings, load_watches, saving
from esmd.wbem.repository import Repository
from esmd.wbem.source import Source
from indications import events
from indications.alert import Occasion, agent_alert, alert_of, presence_alert
from indications.class_xml import ClassEntry
from indications.events import Ids, What
from indications.threshold import Watch, step
from indications.thresholds import (
    CLASSES,
    Monitoring,
    Rule,
    changed,
    defaults,
    properties,
    rules,
    to_json,
)
from openesm.cim.errors import CIMError
from openesm.cim.provider import NAMESPACE, Row
from openesm.model import Alert, Sample, ServiceState, State, StateChange
from openesm.store import Store

NOT_WATCHED = Monitoring(False, 60)
TOLD_FAILURES = 3
CLOSE_S = 1.0
HEALTH = {State.NORMAL: 5, State.WARNING: 10, State.CRITICAL: 25}

log = logging.getLogger("openesm.monitor")


@dataclass(slots=True)
class _Class:
    source: Source
    due: dict[str, float] = field(default_factory=dict)  # element -> monotonic time
    reading: asyncio.Task[None] | None = None
    last_run: float | None = None
    failures: int = 0  # in a row


class Monitor:
    """Watches the elements of all monitored classes.

    Args:
        publish: makes an alert durable, with what else belongs to the same transaction.
        entries: of class.xml; None where there is none. A class that is not listed is off (CAU-5).
        ids: other event IDs that the site wants.
        is_watching: False in non-service mode, where nothing is judged (OV-7).
    """

    def __init__(
        self,
        store: Store,
        publish: Callable[[Alert, Also | None], Future[int]],
        repository: Repository,
        entries: Mapping[str, ClassEntry] | None = None,
        ids: Callable[[], Ids] = dict,
        is_watching: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._publish_alert = publish
        self._repository = repository
        self._entries = entries
        self._ids = ids
        self.is_watching = is_watching
        self._now = now
        found = ((name, repository.source(NAMESPACE, name)) for name in CLASSES)
        self._classes = {name: _Class(source) for name, source in found if source is not None}
        self._settings = store.read(load_settings)
        self._watched: dict[str, Watched] = store.read(load_watches)
        self._names: dict[str, set[str]] = {}

    # -- settings

    def configure(self, entries: Mapping[str, ClassEntry] | None) -> None:
        """Another class.xml, from the next tick on."""
        self._entries = entries

    def monitoring(self, classname: str, element: str) -> Monitoring:
        """How an element is watched: as a client set it, else as class.xml or we ship it."""
        kept = self._settings.get(f"{classname}/{element}")
        shipped = defaults(classname, element) or NOT_WATCHED
        if self._entries is None:
            return kept or shipped
        entry = self._entries.get(classname.lower())
        if entry is None or entry.enabled is False:
            return replace(kept or shipped, enabled=False)
        if kept is not None:
            return kept
        return shipped if entry.interval_s is None else replace(shipped, interval_s=entry.interval_s)

    def change(self, classname: str, element: str, wanted: Mapping[str, object]) -> None:
        """Changes settings, all or nothing, durably; called from a worker.

        Raises:
            InputError: they do not go together.
        """
        self._keep(classname, element, changed(self.monitoring(classname, element), wanted))

    def restore(self, classname: str, element: str) -> None:
        """Puts the shipped settings back."""
        key = f"{classname}/{element}"
        self._store.write(lambda db: db.execute("DELETE FROM monitoring WHERE element = ?", (key,))).result()
        self._settings.pop(key, None)
        self._due_now(classname, element)

    def _due_now(self, classname: str, element: str) -> None:
        """New settings are judged by at the next tick, not an old interval later."""
        if element in self._classes[classname].due:
            self._classes[classname].due[element] = 0.0

    def _keep(self, classname: str, element: str, monitoring: Monitoring) -> None:
        key, text = f"{classname}/{element}", to_json(monitoring)
        self._store.write(
            lambda db: db.execute("INSERT OR REPLACE INTO monitoring VALUES (?, ?)", (key, text))
        ).result()
        self._settings[key] = monitoring
        self._due_now(classname, element)

    # -- what an instance shows

    def shown(self, classname: str, element: str, row: Row) -> Row:
        """The monitoring properties of an element, and its health as it is judged."""
        return judged(properties(self.monitoring(classname, element)), *self.state(classname, element), row)

    def state(self, classname: str, element: str) -> tuple[State, float | None]:
        """The worst state of an element's rules, and since when."""
        prefix = f"{classname}/{element}#"
        found = [w for key, w in list(self._watched.items()) if key.startswith(prefix)]
        if not found:
            return State.UNKNOWN, None
        worst = max(found, key=lambda watched: watched.watch.state)
        return worst.watch.state, worst.since

    def services(self) -> list[tuple[str, ServiceState, float | None]]:
        """Each thread with its state and last run."""
        return [
            (
                f"ESMcmn {name}",
                ServiceState.FAILED
                if each.failures
                else ServiceState.RUNNING
                if self._is_on(name)
                else ServiceState.DISABLED,
                each.last_run,
            )
            for name, each in self._classes.items()
        ]

    def _is_on(self, classname: str) -> bool:
        return any(self.monitoring(classname, element).enabled for element in self._names.get(classname, ()))

    # -- measuring

    def tick(self) -> None:
        """Judges what is due; called each second on the event loop."""
        now = self._now()
        for name, each in self._classes.items():
            if each.reading is None and self._is_due(each, now):
                if each.source.provider.may_block:
                    each.reading = asyncio.ensure_future(self._read(name, each))
                else:
                    self._judge_fresh(name, each)

    async def close(self) -> None:
        """Waits a moment for the readings in hand, and lets go of those that do not come back."""
        readings = [each.reading for each in self._classes.values() if each.reading is not None]
        if readings:
            await asyncio.wait(readings, timeout=CLOSE_S)
        for reading in readings:
            reading.cancel()

    @staticmethod
    def _is_due(each: _Class, now: float) -> bool:
        """A class is looked at at once, then when the first of its elements is due."""
        return not each.due or min(each.due.values()) <= now

    def _judge_fresh(self, name: str, each: _Class) -> None:
        try:
            self._repository.stale([each.source])
        except CIMError as failed:
            self._note_failure(name, each, failed)
            return
        self._judge_class(name, each)

    async def _read(self, name: str, each: _Class) -> None:
        try:
            if self._repository.stale([each.source]):
                await self._repository.refresh([each.source])
            self._judge_class(name, each)
        except (CIMError, TimeoutError) as failed:
            self._note_failure(name, each, failed)
        finally:
            each.reading = None

    def _note_failure(self, name: str, each: _Class, failed: Exception) -> None:
        each.failures += 1
        if each.failures == 1:
            log.error("thread of %s: %s", name, failed)
        if each.failures == TOLD_FAILURES:
            worker = {"worker": f"ESMcmn {name}", "reason": str(failed) or type(failed).__name__}
            self._publish_alert(agent_alert(events.WORKER, What.FAILED, self._occasion(name), **worker), None)
        each.last_run = time.time()
        each.due = dict.fromkeys(each.due or {"": 0.0}, self._now() + NOT_WATCHED.interval_s)

    def _judge_class(self, name: str, each: _Class) -> None:
        now = self._now()
        each.failures = 0
        each.last_run = time.time()
        provider, group = each.source.provider, each.source.group
        present: dict[str, int] = {provider.element(e): n for n, e in enumerate(group.elements)}
        self._note_absent(name, set(present))
        each.due = {element: each.due.get(element, now) for element in present} or {"": now + 60}
        for element, number in present.items():
            monitoring = self.monitoring(name, element)
            if each.due[element] > now:
                continue
            each.due[element] = now + monitoring.interval_s
            if monitoring.enabled and group.rows[number].get("Monitorable") is not False:
                self._judge(name, each.source, number, element, monitoring)

    def _judge(self, name: str, source: Source, number: int, element: str, monitoring: Monitoring) -> None:
        metrics = {metric.name: metric.value for metric in source.provider.metrics}
        for rule in rules(name, monitoring):
            value = metrics[rule.metric](source.group.elements[number])
            key = f"{name}/{element}#{rule.metric}"
            watched = self._watched.setdefault(key, Watched())
            if watched.pending is not None:
                continue
            reading = self._reading(rule, watched, value)
            if reading is None and not watched.measured:
                continue
            watched.measured = True
            after = step(rule.threshold, watched.watch, reading)
            if after.state is watched.watch.state:
                watched.watch = after
            else:
                sample = Sample(name, element, rule.metric, reading)
                change = _change(rule, sample, watched.watch.state, after.state)
                self._publish(key, watched, after, change, source, number)

    @staticmethod
    def _reading(rule: Rule, watched: Watched, value: float | None) -> float | None:
        if not rule.is_counter:
            return rule.reading(value)
        before, watched.counter = watched.counter, value
        return None if before is None or value is None else max(0.0, value - before)

    # -- telling

    def _publish(
        self, key: str, watched: Watched, after: Watch, change: StateChange, source: Source, number: int
    ) -> None:
        """Publishes a change, and lets the watch advance once that is on the disk."""
        if not events.is_told(change.before, change.after, bool(watched.open)):
            watched.watch, watched.since = after, time.time()
            self._store.write(saving(key, after.state, watched.since, ()))
            return
        row = source.group.rows[number]
        occasion = self._occasion(str(row.get("ElementName") or change.sample.element), source, row)
        cleared = watched.open if change.after is State.NORMAL else ()
        alert = alert_of(change, occasion, cleared)
        still_open = () if change.after is State.NORMAL else (*watched.open, alert.uuid)
        watched.pending = self._publish_alert(alert, saving(key, after.state, alert.at, still_open))
        watched.pending.add_done_callback(
            lambda done: self._advance(watched, done, after, alert.at, still_open)
        )

    @staticmethod
    def _advance(
        watched: Watched, done: Future[int], after: Watch, since: float, still_open: tuple[str, ...]
    ) -> None:
        if done.exception() is None:
            watched.watch, watched.since, watched.open = after, since, still_open
        watched.pending = None

    def _occasion(self, name: str, source: Source | None = None, row: Row | None = None) -> Occasion:
        uri = str(source.group.path(row)) if source is not None and row is not None else ""
        offset = self._repository.host.local_time().utcoffset()
        return Occasion(
            str(uuid.uuid4()),
            time.time(),
            round(offset.total_seconds()) if offset else 0,
            name,
            uri,
            self._ids(),
        )

    def _note_absent(self, name: str, present: set[str]) -> None:
        """Elements that were there and are not: an unmounted file system is no alert, a lost disk is one."""
        gone = self._names.get(name, set()) - present
        back = present - self._names.get(name, present)
        self._names[name] = present
        for element in gone:
            self._forget(name, element)
        if name == "ESM_StorageThread":
            for element in back | gone:
                what = What.GONE if element in gone else What.BACK
                self._publish_alert(presence_alert(what, name, element, self._occasion(element)), None)

    def _forget(self, name: str, element: str) -> None:
        prefix = f"{name}/{element}#"
        cleared = tuple(
            open_alert
            for key in [key for key in self._watched if key.startswith(prefix)]
            for open_alert in self._watched.pop(key).open
        )
        forget = forgetting(prefix)
        if cleared and name == "ESM_FileSystemThread":
            occasion = self._occasion(element.rpartition(":")[2] or element)
            alert = presence_alert(What.UNMOUNTED, name, element, occasion, cleared=cleared)
            self._publish_alert(alert, forget)
        else:
            self._store.write(forget)


def judged(settings: Row, state: State, since: float | None, row: Row) -> Row:
    """The monitoring properties of an element by its settings and its state since a time (wall clock)."""
    told: Row = {
        **settings,
        "MonitorState": int(state),
        "MonitorStateChanged": None if since is None else datetime.fromtimestamp(since, UTC),
    }
    health = HEALTH.get(state)
    if health is None or health <= 5:
        return told
    return {**told, "HealthState": max(health, _number(row.get("HealthState")))}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _change(rule: Rule, sample: Sample, before: State, after: State) -> StateChange:
    """The change with the limit that was crossed."""
    limits = rule.threshold
    crossed = {
        (State.CRITICAL, True): limits.critical,
        (State.WARNING, True): limits.warning,
        (State.WARNING, False): limits.critical_clear,
        (State.NORMAL, False): limits.warning_clear,
    }
    limit = None if State.UNKNOWN in (before, after) else crossed.get((after, after > before))
    if before is State.UNKNOWN and after is not State.NORMAL:
        limit = crossed.get((after, True))
    return StateChange(sample, before, after, limit)
