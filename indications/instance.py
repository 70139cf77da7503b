"""An alert as CIM: the ESM_AlertIndication that listeners get, and the ESM_AlertRecord of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from indications.alert import METRICS
from indications.events import title_key
from openesm.cim.provider import Row
from openesm.cim.schema import Class, Namespace
from openesm.cim.values import DateTime, Instance, TypedValue, Value, local_now
from openesm.cim.xmltext import value_encoder
from openesm.model import Alert, Raised
from openesm.text import Language, Message, catalogue

INDICATION, RECORD = "ESM_AlertIndication", "ESM_AlertRecord"
OWNER = "ESM"
SYSTEM_CLASS = "CIM_ComputerSystem"
CIM_OBJECT_PATH = 2  # AlertingElementFormat
_LOCALES: dict[Language, str] = {"en": "en_US", "ja": "ja_JP"}

_TYPES = {
    "IndicationIdentifier": "string",
    "CorrelatedIndications": "string[]",
    "IndicationTime": "datetime",
    "PerceivedSeverity": "uint16",
    "IndicationFilterName": "string",
    "SequenceContext": "string",
    "SequenceNumber": "sint64",
    "Description": "string",
    "AlertingManagedElement": "string",
    "AlertingElementFormat": "uint16",
    "AlertType": "uint16",
    "ProbableCause": "uint16",
    "Trending": "uint16",
    "RecommendedActions": "string[]",
    "EventID": "string",
    "EventTime": "datetime",
    "SystemCreationClassName": "string",
    "SystemName": "string",
    "ProviderName": "string",
    "Message": "string",
    "MessageArguments": "string[]",
    "MessageID": "string",
    "OwningEntity": "string",
    "SourceName": "string",
    "ESMEventID": "string",
    "TrapName": "string",
    "ActionAdvice": "string",
    "PreviousState": "uint16",
    "CurrentState": "uint16",
    "MonitoredProperty": "string",
    "ObservedValue": "real64",
    "ThresholdValue": "real64",
    "Units": "string",
    "AgentAddress": "string",
    "AlertUUID": "string",
    "Replayed": "boolean",
    "IsTest": "boolean",
}


def indication(
    alert: Alert,
    *,
    system_name: str,
    language: Language,
    sent_at: float,
    sequence: tuple[str, int] | None = None,
    agent_address: str | None = None,
    replayed: bool = False,
    filter_name: str | None = None,
) -> Instance:
    """The indication, with the same properties in the same order for every alert; NULL where not known.

    Args:
        system_name: FQDN of this server.
        language: of the texts.
        sent_at: wall clock, seconds since the epoch.
        sequence: SequenceContext and SequenceNumber of the destination (I04); a repeat has the same.
        agent_address: by which the agent is known to managers.
        replayed: it comes out of the store, because the listener was away.
        filter_name: of the filter that selected it.
    """
    context, number = sequence or (None, None)
    found = {
        **_values(alert, system_name, language, agent_address),
        "IndicationTime": _when(sent_at, alert),
        "IndicationFilterName": filter_name,
        "SequenceContext": context,
        "SequenceNumber": number,
        "Replayed": replayed,
    }
    return Instance(
        INDICATION,
        {
            name: null if (value := found[name]) is None else TypedValue(value, null.type, null.is_array)
            for name, null in TYPES.items()
        },
    )


def class_of(alert: Alert, namespace: Namespace) -> tuple[Alert, Class]:
    """The class of the indication that an alert is told as, and the alert with what it has now.

    Ours where another is not declared any more, or has another type where there is a value.

    Raises:
        LookupError: the namespace has not even ours.
    """
    if alert.raised is not None:
        cls = namespace.get(alert.raised.classname)
        if cls is not None and (known := _fitted(cls, alert.raised)) is not None:
            return replace(alert, raised=known), cls
        alert = replace(alert, raised=None)
    ours = namespace.get(INDICATION)
    if ours is None:
        raise LookupError(INDICATION)
    return alert, ours


def _fitted(cls: Class, given: Raised) -> Raised | None:
    """What was raised, as its class is now; None where that has other types."""
    properties = {prop.name: given.properties.get(prop.name) for prop in cls.properties.values()}
    try:
        for prop in cls.properties.values():
            value_encoder(prop.type, prop.is_array)(properties[prop.name])
    except (TypeError, ValueError, OverflowError):
        return None
    return Raised(cls.name, properties)


def filtered(alert: Alert, cls: Class, system_name: str, language: Language) -> Instance:
    """The indication as filters look at it, before anybody is told."""
    if alert.raised is None:
        return indication(alert, system_name=system_name, language=language, sent_at=alert.at)
    found = alert.raised.properties
    return Instance(
        cls.name,
        {name: replace(null, value=found.get(name)) for name, null in types_of(cls).items()},
    )


def values(
    alert: Alert, system_name: str, language: Language, agent_address: str | None = None
) -> Mapping[str, Value]:
    """The properties that are the same for every destination; see `indication`.

    Of an alert that a provider raised they are those of its own class.
    """
    return alert.raised.properties if alert.raised else _values(alert, system_name, language, agent_address)


def _values(
    alert: Alert, system_name: str, language: Language, agent_address: str | None
) -> dict[str, Value]:
    return {
        **_common(alert, language),
        "IndicationIdentifier": alert.uuid,
        "IndicationFilterName": None,
        "Description": alert.text(language),
        "AlertingElementFormat": CIM_OBJECT_PATH if alert.element else 0,
        "AlertType": alert.alert_type,
        "ProbableCause": alert.probable_cause,
        "Trending": alert.trending,
        "RecommendedActions": None if alert.advice is None else [alert.advice.text(language)],
        "EventID": f"{alert.source}/{alert.event_id:08X}",
        "SystemCreationClassName": SYSTEM_CLASS,
        "SystemName": system_name,
        "AgentAddress": agent_address,
    }


def of_sending(
    alert: Alert, sent_at: float, sequence: tuple[str, int], replayed: bool
) -> Mapping[str, Value]:
    """The properties that differ from one destination to the next (`OF_SENDING`); see `indication`."""
    context, number = sequence
    return {
        "IndicationTime": _when(sent_at, alert),
        "SequenceContext": context,
        "SequenceNumber": number,
        "Replayed": replayed,
    }


OF_SENDING = ("IndicationTime", "SequenceContext", "SequenceNumber", "Replayed")
TYPES = {
    name: TypedValue(None, cim_type.removesuffix("[]"), cim_type.endswith("[]"))
    for name, cim_type in _TYPES.items()
}
"""The properties in their order, each as its NULL."""


def types_of(cls: Class) -> Mapping[str, TypedValue]:
    """The properties of a class of indications in their order, each as its NULL."""
    if cls.name == INDICATION:
        return TYPES
    return {prop.name: TypedValue(None, prop.type, prop.is_array) for prop in cls.properties.values()}


def raised(cls: Class, given: Instance, uuid: str, at: DateTime) -> Raised:
    """What a provider gave as an indication of its class: every property of it, with its type.

    What every indication has, and a provider need not think of, is filled in.

    Raises:
        TypeError, OverflowError: a value is not of its property's type.
        ValueError: there is an embedded instance in it.
    """
    filled: dict[str, Value] = {"IndicationIdentifier": uuid, "IndicationTime": at}
    properties: dict[str, Value] = {}
    for prop in cls.properties.values():
        typed = given.get(prop.name)
        value = prop.default if typed is None or typed.value is None else typed.value
        properties[prop.name] = filled.get(prop.name) if value is None else value
        if prop.embedded and properties[prop.name] is not None:
            raise ValueError(prop.name)
        value_encoder(prop.type, prop.is_array)(properties[prop.name])
    return Raised(cls.name, properties)


def record(
    alert: Alert,
    *,
    language: Language,
    written_at: float | None = None,
    number: int | None = None,
    delivered: int = 0,
    pending: int = 0,
    given_up: int = 0,
) -> Row:
    """The alert as an instance of the history.

    Args:
        written_at: wall clock when it was stored; else when it happened.
        number: of the row in the history.
        delivered, pending, given_up: destinations that have taken it, still wait for it, never got it.
    """
    return {
        **_common(alert, language),
        "InstanceID": record_id(alert.uuid),
        "Caption": alert.text(language)[:64],
        "ElementName": title(alert, language),
        "LogName": "ESM alert history",
        "RecordID": None if number is None else str(number),
        "CreationTimeStamp": _when(alert.at if written_at is None else written_at, alert),
        "Locale": _LOCALES[language],
        "ElementID": alert.element_id,
        "DeliveredCount": delivered,
        "PendingCount": pending,
        "GivenUpCount": given_up,
    }


def record_id(uuid: str) -> str:
    """InstanceID of the record of an alert."""
    return f"ESM:Alert:{uuid}"


def title(alert: Alert, language: Language) -> str | None:
    """What happened, in a few words; None for an alert whose text is not of our table."""
    key = title_key(alert.message.key)
    room, _, name = key.partition(".")
    return Message.of(key).text(language) if room == "alerts" and name in catalogue(room) else None


def _common(alert: Alert, language: Language) -> dict[str, Value]:
    """What indication and record tell alike."""
    event_id = f"{alert.event_id:08X}"
    return {
        "AlertUUID": alert.uuid,
        "CorrelatedIndications": list(alert.correlated) or None,
        "PerceivedSeverity": int(alert.severity),
        "EventTime": _when(alert.at, alert),
        "SourceName": alert.source,
        "ESMEventID": event_id,
        "MessageID": f"{OWNER}{event_id}",
        "OwningEntity": OWNER,
        "Message": alert.text(language),
        "MessageArguments": [str(value) for _, value in alert.message.args],
        "TrapName": title(alert, language),
        "ActionAdvice": None if alert.advice is None else alert.advice.text(language),
        "ProviderName": alert.process,
        "AlertingManagedElement": alert.element or None,
        "PreviousState": int(alert.before),
        "CurrentState": int(alert.after),
        "MonitoredProperty": monitored_property(alert),
        "ObservedValue": _real(alert.value),
        "ThresholdValue": _real(alert.limit),
        "Units": alert.units or None,
        "IsTest": alert.test,
    }


def monitored_property(alert: Alert) -> str | None:
    """The CIM property that shows the metric; the metric's own name where none does."""
    measured = METRICS.get(alert.metric)
    return measured.property if measured else alert.metric or None


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


def _when(seconds: float, alert: Alert) -> DateTime:
    return DateTime.of(local_now(seconds, alert.utc_offset_s))
