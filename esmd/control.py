"""Commands of the control socket about monitoring, alerts and subscriptions; `esmctl` gives them.

| command             | arguments                          | result                                         |
|---------------------|------------------------------------|------------------------------------------------|
| threshold-list      |                                    | elements: [{element, settings, state, ...}]    |
| threshold-get       | element                            | one of these                                   |
| threshold-set       | element, settings                  | the element afterwards                         |
| threshold-reset     | element                            | the element afterwards                         |
| alert-list          | since (seconds, epoch), limit      | alerts: newest first                           |
| alert-show          | uuid                               | the alert, and where it still waits            |
| alert-test          | severity, filter, destination      | uuid, and the subscriptions that select it     |
| subscription-list   |                                    | subscriptions, destinations                    |
| subscription-add    | url, name, duration (seconds)      | its names                                      |
| subscription-remove | filter, destination                | the two names                                  |
| backlog-list        |                                    | backlogs of lapsed subscriptions               |
| backlog-drop        | number                             | count                                          |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from esmd.alerts import Alerts
from esmd.audit import Audit
from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.commanding import Told, audited, committed, refusal, required_text, store_failures
from esmd.managers import Managers
from esmd.monitor import Monitor
from esmd.service import Arguments, Command, RefusedError
from esmd.wbem.repository import Repository
from esmd.wbem.source import Source
from indications import events
from indications.alert import agent_alert, from_json
from indications.events import What
from indications.thresholds import CLASSES, properties
from indications.wrong import InputError
from openesm.cim.errors import CIMError
from openesm.cim.provider import NAMESPACE
from openesm.model import Alert, Severity
from openesm.text import Message

LIST_MOST = 1000
LATEST = 1e11  # seconds since the epoch
TESTS = {"information": What.TEST, "warning": What.WARNING, "critical": What.CRITICAL}


def commands(
    alerts: Alerts, monitor: Callable[[], Monitor], repository: Callable[[], Repository], audit: Audit
) -> dict[str, tuple[Role, Command]]:
    """The commands by name, each with the role that it needs; changes are audited."""
    managers = Managers(alerts)
    control = Control(alerts, managers, monitor, repository)

    looks: dict[str, Command] = {
        "threshold-list": control.threshold_list,
        "threshold-get": control.threshold_get,
        "alert-list": control.alert_list,
        "alert-show": control.alert_show,
        "subscription-list": managers.subscription_list,
        "backlog-list": managers.backlog_list,
    }
    changes: dict[str, tuple[Role, Command]] = {
        "threshold-set": (Role.ADMIN, control.threshold_set),
        "threshold-reset": (Role.ADMIN, control.threshold_reset),
        "alert-test": (Role.OPERATOR, control.alert_test),
        "subscription-add": (Role.ADMIN, managers.subscription_add),
        "subscription-remove": (Role.ADMIN, managers.subscription_remove),
        "backlog-drop": (Role.ADMIN, managers.backlog_drop),
    }
    return {name: (Role.VIEWER, command) for name, command in looks.items()} | {
        name: (role, audited(audit, name, command)) for name, (role, command) in changes.items()
    }


class Control:
    """Does the commands, on the event loop.

    Args:
        monitor, repository: give the agent's once it has them.
    """

    def __init__(
        self,
        alerts: Alerts,
        managers: Managers,
        monitor: Callable[[], Monitor],
        repository: Callable[[], Repository],
    ) -> None:
        self._alerts = alerts
        self._managers = managers
        self._monitor = monitor
        self._repository = repository

    # -- thresholds

    def threshold_list(self, _principal: Principal, _args: Arguments) -> Told:
        return {"elements": [told for told, _ in self._elements()]}

    def threshold_get(self, _principal: Principal, args: Arguments) -> Told:
        return self._element(required_text(args, "element"))

    def threshold_set(self, _principal: Principal, args: Arguments) -> Told:
        element, wanted = required_text(args, "element"), args.get("settings")
        if not isinstance(wanted, Mapping) or not wanted:
            raise refusal("bad-argument", name="settings")
        if not self._monitor().is_watching:
            raise refusal("not-service")
        if not self._element(element)["monitorable"]:
            raise RefusedError(Message.of("cim.not-monitorable", name=element))
        try:
            with store_failures():
                self._monitor().change(*_split(element), wanted)
        except InputError as wrong:
            raise RefusedError(wrong.message) from wrong
        return self._element(element)

    def threshold_reset(self, _principal: Principal, args: Arguments) -> Told:
        element = required_text(args, "element")
        self._element(element)
        with store_failures():
            self._monitor().restore(*_split(element))
        return self._element(element)

    def _element(self, wanted: str) -> Told:
        for told, name in self._elements():
            if name == wanted:
                return told
        raise refusal("no-element", element=wanted)

    def _elements(self) -> Iterator[tuple[Told, str]]:
        """What is watched or could be; classes whose reading may block are shown as they were read last."""
        for classname in CLASSES:
            source = self._repository().source(NAMESPACE, classname)
            if source is not None:
                yield from self._of_class(classname, source)

    def _of_class(self, classname: str, source: Source) -> Iterator[tuple[Told, str]]:
        if not source.provider.may_block:
            with suppress(CIMError):
                self._repository().stale([source])
        for found, row in zip(source.group.elements, source.group.rows, strict=True):
            element = source.provider.element(found)
            monitoring = self._monitor().monitoring(classname, element)
            state, since = self._monitor().state(classname, element)
            name = f"{classname}/{element}"
            yield (
                {
                    "element": name,
                    "settings": properties(monitoring),
                    "monitorable": row.get("Monitorable") is not False,
                    "state": state.name.lower(),
                    "since": since,
                },
                name,
            )

    # -- alerts

    def alert_list(self, _principal: Principal, args: Arguments) -> Told:
        since, limit = args.get("since", 0), args.get("limit", 50)
        if not isinstance(since, int | float) or not abs(since) < LATEST:
            raise refusal("bad-argument", name="since")
        if not isinstance(limit, int) or not 1 <= limit <= LIST_MOST:
            raise refusal("bad-argument", name="limit")
        rows = self._alerts.store.read(
            lambda db: db.execute(
                f"{_ALERT} WHERE alert.at >= ? GROUP BY alert.number ORDER BY alert.number DESC LIMIT ?",
                (since, limit),
            ).fetchall()
        )
        return {"alerts": [_short(*row) for row in rows]}

    def alert_show(self, _principal: Principal, args: Arguments) -> Told:
        uuid = required_text(args, "uuid")
        query = f"{_ALERT} WHERE alert.uuid = ? GROUP BY alert.number"
        row = self._alerts.store.read(lambda db: db.execute(query, (ascii(uuid)[1:-1],)).fetchone())
        if row is None:
            raise refusal("no-alert", uuid=uuid)
        told = _short(*row)
        return {**told, **_long(from_json(row[1])), "waits": self._waits(row[0])}

    def alert_test(self, principal: Principal, args: Arguments) -> Told:
        """Publishes a test alert; with `filter` and `destination`, shows only that subscription."""
        severity = args.get("severity", "information")
        if not isinstance(severity, str) or severity not in TESTS:
            raise refusal("bad-argument", name="severity")
        only = self._managers.find(args) if "filter" in args else None
        alert = self._test_alert(principal, TESTS[severity])
        number = committed(self._alerts.publish(alert))
        waits = self._waits(number)  # complete: couriers run on this loop, after us
        if only is not None:
            waits = [each for each in waits if each["number"] == only.number]
        return {"uuid": alert.uuid, "selected": waits}

    def _test_alert(self, principal: Principal, what: What) -> Alert:
        system = self._alerts.registry.system_name
        occasion = self._alerts.occasion()
        return agent_alert(events.TRIAL, what, occasion, user=principal.name, system=system)

    def _waits(self, alert: int) -> list[Told]:
        """The subscriptions under which an alert is not delivered yet."""
        book = self._alerts.registry.book
        query = "SELECT subscription FROM pending WHERE alert = ?"
        rows = self._alerts.store.read(lambda db: db.execute(query, (alert,)).fetchall())
        waiting = {number for (number,) in rows}
        errors = {each["number"]: each["error"] for each in self._alerts.dispatch.standings()}
        return [
            {**self._managers.names(each), "error": errors.get(book.destination_of(each).number)}
            for each in book.subscriptions.values()
            if each.number in waiting
        ]


_ALERT = (
    "SELECT alert.number, alert.alert, selected - given_up - count(pending.number), count(pending.number)"
    " FROM alert"
    " LEFT JOIN pending ON pending.alert = alert.number"
)


def _short(number: int, text: str, told: int, pending: int) -> Told:
    alert = from_json(text)
    return {
        "number": number,
        "uuid": alert.uuid,
        "at": alert.at,
        "severity": Severity(alert.severity).name.lower(),
        "event": f"{alert.source}/{alert.event_id:08X}",
        "element": alert.element_id,
        "message": _message(alert.message),
        "test": alert.test,
        "delivered": told,
        "pending": pending,
    }


def _long(alert: Alert) -> Told:
    return {
        "process": alert.process,
        "advice": None if alert.advice is None else _message(alert.advice),
        "path": alert.element,
        "before": alert.before.name.lower(),
        "after": alert.after.name.lower(),
        "metric": alert.metric,
        "value": alert.value,
        "limit": alert.limit,
        "units": alert.units,
        "clears": list(alert.correlated),
    }


def _message(message: Message) -> Told:
    return {"key": message.key, "args": dict(message.args)}


def _split(element: str) -> tuple[str, str]:
    classname, _, name = element.partition("/")
    return classname, name
