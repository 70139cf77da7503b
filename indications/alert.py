"""From what happened to the alert that managers are told. Pure: time, UUID and names come from the caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from string import Formatter

from indications import events
from indications.events import Event, Ids, Subject, What, severity_of
from openesm.cim.plain import plain, value_of
from openesm.model import Alert, Raised, Severity, State, StateChange
from openesm.text import Message, catalogue

VERSION = 1  # of an alert as JSON
PERCENT, MEGABYTE, CELSIUS, COUNT = "percent", "byte * 2^20", "degree celsius", "count"
_SIGN = {PERCENT: "%", MEGABYTE: " MB", CELSIUS: " °C"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a metric means to a manager: the subject, the CIM property that shows it, its unit (PUnit)."""

    subject: Subject
    property: str
    units: str


METRICS: Mapping[str, Measured] = {
    "cpu.load_percent": Measured(events.CPU, "LoadPercentage", PERCENT),
    "physical_memory.used_percent": Measured(events.PHYSICAL_MEMORY, "UsedPercentage", PERCENT),
    "physical_memory.pressure_percent": Measured(events.PHYSICAL_MEMORY, "PressurePercentage", PERCENT),
    "virtual_memory.used_percent": Measured(events.VIRTUAL_MEMORY, "UsedPercentage", PERCENT),
    "page_file.used_percent": Measured(events.PAGE_FILE, "UsedPercentage", PERCENT),
    "file_system.free_percent": Measured(events.SPACE, "FreePercentage", PERCENT),
    "file_system.free_mb": Measured(events.SPACE, "FreeSize", MEGABYTE),
    "file_system.free_inodes_percent": Measured(events.INODES, "FreeInodePercentage", PERCENT),
    "disk.smart_state": Measured(events.STORAGE, "SmartState", ""),
    "disk.temperature_celsius": Measured(events.STORAGE, "Temperature", CELSIUS),
    "disk.pending_sectors": Measured(events.STORAGE, "PendingSectors", COUNT),
    "disk.io_errors": Measured(events.STORAGE, "IOErrors", COUNT),
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and where something happened, and the identity of the alert that tells it.

    Attributes:
        name: of the element, for people.
        uri: WBEM URI of its instance; "" for none.
        ids: other event IDs that the site wants (`events.remapped`).
    """

    uuid: str
    at: float
    utc_offset_s: int
    name: str = ""
    uri: str = ""
    ids: Ids = field(default_factory=dict)


def alert_of(change: StateChange, occasion: Occasion, cleared: tuple[str, ...] = ()) -> Alert:
    """The alert of a change of a judged state.

    Args:
        cleared: UUIDs of the open alerts of the element; kept in the alert when it ends them.

    Raises:
        KeyError: no alert tells of this metric.
        ValueError: before and after are the same state.
    """
    sample = change.sample
    measured = METRICS[sample.metric]
    event = events.event(measured.subject, events.transition(change.before, change.after))
    return _alert(
        event,
        occasion,
        args={
            "element": occasion.name or sample.element,
            "property": measured.property,
            "value": number(sample.value),
            "limit": number(change.limit),
            "unit": _SIGN.get(measured.units, ""),
        },
        element_id=f"{sample.classname}/{sample.element}",
        states=(change.before, change.after),
        metric=sample.metric,
        value=sample.value,
        limit=change.limit,
        units=measured.units,
        correlated=cleared if event.what in events.CLEARING else (),
    )


def presence_alert(
    what: What,
    classname: str,
    element: str,
    occasion: Occasion,
    *,
    before: State = State.UNKNOWN,
    cleared: tuple[str, ...] = (),
) -> Alert:
    """A disk is gone (CRITICAL now) or back, or a file system is no longer mounted (its state is unknown).

    Raises:
        KeyError: no alert tells of this for the class.
    """
    event = events.event(_PRESENT[classname], what)
    return _alert(
        event,
        occasion,
        args={"element": occasion.name or element},
        element_id=f"{classname}/{element}",
        states=(before, State.CRITICAL if what is What.GONE else State.UNKNOWN),
        correlated=() if what is What.GONE else cleared,
    )


_PRESENT = {"ESM_StorageThread": events.STORAGE, "ESM_FileSystemThread": events.SPACE}


def agent_alert(
    subject: Subject,
    what: What,
    occasion: Occasion,
    *,
    element_id: str = "ESM_Alive/ESM:Alive",
    **args: object,
) -> Alert:
    """Something about the agent itself, or a part of the machine that no class stands for.

    | event                     | arguments                   |
    |---------------------------|-----------------------------|
    | AGENT STARTED, STOPPED    | version                     |
    | REPORT GIVEN_UP           | destination, count          |
    | SUBSCRIPTION LAPSED       | filter, destination         |
    | WATCHED_LOG LOST          | log                         |
    | CERTIFICATE ENDS_SOON     | file, days                  |
    | CERTIFICATE FAILED        | file, reason                |
    | WORKER FAILED             | worker, reason              |
    | PROCESSORS, MODULES *     | present, expected           |
    | TEMPERATURE *             | element, value, limit, unit |
    | HARDWARE_LOG CLEARED      | count                       |
    | HARDWARE_LOG NEARLY_FULL  | used                        |
    | HARDWARE_LOG STEPPED_BACK | seconds                     |
    | PROVIDER *                | classname, text             |
    | CORRELATION *             | condition, text             |
    | TRIAL *                   | user, system                |

    Raises:
        KeyError: there is no such event, or an argument is missing.
    """
    event = events.event(subject, what)
    return _alert(event, occasion, args=args, element_id=element_id, test=subject is events.TRIAL)


def raised_alert(raised: Raised, occasion: Occasion) -> Alert:
    """What a provider tells by an indication of its own class."""
    told = {name.lower(): value for name, value in raised.properties.items()}
    severity = told.get("perceivedseverity")
    what = What.RAISED if not isinstance(severity, int) or severity < 3 else What.WARNING
    if isinstance(severity, int) and severity in _GRAVE:
        what = What.CRITICAL
    text = next((v for n in ("message", "description") if isinstance(v := told.get(n), str) and v), "-")
    args = {"classname": raised.classname, "text": text}
    element = f"{raised.classname}/{told.get('alertingmanagedelement') or ''}"
    made = agent_alert(events.PROVIDER, what, occasion, element_id=element, **args)
    return replace(made, raised=raised)


_GRAVE = frozenset({5, 6, 7})  # PerceivedSeverity: Major, Critical, Fatal


def _alert(
    event: Event,
    occasion: Occasion,
    *,
    args: Mapping[str, object],
    element_id: str,
    states: tuple[State, State] = (State.UNKNOWN, State.UNKNOWN),
    metric: str = "",
    value: float | None = None,
    limit: float | None = None,
    units: str = "",
    correlated: tuple[str, ...] = (),
    test: bool = False,
) -> Alert:
    subject = event.subject
    event_id = occasion.ids.get((subject.source, event.event_id), event.event_id)
    return Alert(
        uuid=occasion.uuid,
        at=occasion.at,
        utc_offset_s=occasion.utc_offset_s,
        source=subject.source,
        event_id=event_id,
        severity=severity_of(event_id),
        process=subject.process,
        message=_message(event.text_key, args),
        advice=Message.of(event.advice_key) if event.advice else None,
        element=occasion.uri,
        element_id=element_id,
        alert_type=subject.alert_type,
        probable_cause=event.probable_cause,
        trending=event.trending,
        before=states[0],
        after=states[1],
        metric=metric,
        value=value,
        limit=limit,
        units=units,
        correlated=correlated,
        test=test,
    )


def number(value: float | None) -> str:
    """A value as people read it: at most two decimals, `-` where there is none."""
    if value is None:
        return "-"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return "0" if text == "-0" else text


def _message(key: str, args: Mapping[str, object]) -> Message:
    """The text with the arguments that it names, in their order, as text or plain numbers."""
    return Message(key, tuple((name, _plain(args[name])) for name in _names(key)))


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)


@cache
def _names(key: str) -> tuple[str, ...]:
    room, _, name = key.partition(".")
    found = (part[1] for part in Formatter().parse(catalogue(room)[name]["en"]) if part[1])
    return tuple(dict.fromkeys(found))


def to_json(alert: Alert) -> str:
    """The alert as it is kept; `from_json` gives back an equal one."""
    kept = {name: getattr(alert, name) for name in _FIELDS}
    for name in _MESSAGES:
        message: Message | None = kept[name]
        kept[name] = message and [message.key, message.args]
    if alert.raised is None:
        del kept["raised"]
    else:
        properties = {name: plain(value) for name, value in alert.raised.properties.items()}
        kept["raised"] = [alert.raised.classname, properties]
    return json.dumps({"version": VERSION, **kept}, separators=(",", ":"))


def from_json(text: str) -> Alert:
    """Reads what `to_json` wrote.

    Raises:
        ValueError: it is no alert, or one of a newer version.
    """
    kept = json.loads(text)
    if not isinstance(kept, dict) or kept.pop("version", None) != VERSION:
        raise ValueError(f"not an alert of version {VERSION}")
    try:
        for name in _MESSAGES:
            kept[name] = kept[name] and _read_message(*kept[name])
        kept["severity"] = Severity(kept["severity"])
        kept["before"], kept["after"] = State(kept["before"]), State(kept["after"])
        kept["correlated"] = tuple(kept["correlated"])
        if "raised" in kept:
            classname, properties = kept["raised"]
            kept["raised"] = Raised(classname, {name: value_of(each) for name, each in properties.items()})
        return Alert(**kept)
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"not an alert: {wrong}") from wrong


_FIELDS = tuple(known.name for known in fields(Alert))
_MESSAGES = ("message", "advice")


def _read_message(key: str, args: list[tuple[str, object]]) -> Message:
    return Message(key, tuple((name, value) for name, value in args))
