"""Frozen values that all rooms pass to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from openesm.cim.values import Value
from openesm.text import Language, Message


class ServiceState(IntEnum):
    """State of one of the agent's services or threads (ESM_Alive.ServiceState)."""

    UNKNOWN = 0
    RUNNING = 2
    DISABLED = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    state: ServiceState
    last_run: float | None  # wall clock, seconds since the epoch


@dataclass(frozen=True, slots=True)
class AgentState:
    """What the agent says of itself; times in seconds."""

    version: str
    service_mode: bool
    uptime_s: float
    beats: int
    services: tuple[Service, ...] = ()
    pending_reports: int = 0
    expired_reports: int = 0


class State(IntEnum):
    """Judged state of a monitored element (MonitorState)."""

    UNKNOWN = 0
    NORMAL = 1
    WARNING = 2
    CRITICAL = 3


class Severity(IntEnum):
    """PerceivedSeverity of CIM_AlertIndication, as far as we use it."""

    INFORMATION = 2
    WARNING = 3
    CRITICAL = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading of a metric of an element; `value` is None when it failed."""

    classname: str
    element: str  # stable id within the class
    metric: str
    value: float | None


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a reading did to the judged state of an element.

    Attributes:
        limit: the threshold that was crossed, None where none was (a reading failed, judged afresh).
    """

    sample: Sample
    before: State
    after: State
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """An indication of another class than ESM_AlertIndication, with all properties of that class."""

    classname: str
    properties: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that managers are told: one value for every source and every way of telling.

    Attributes:
        uuid: the same in every copy, so that receivers can drop repeats.
        at: seconds since the epoch, wall clock; `utc_offset_s` of the place where it happened.
        source: in capitals, as managers know it (`ESMCPUPERF`).
        event_id: 32 bits; the top digit 4, 8 or C says information, warning, error.
        process: name of the service that tells it (tag of the system log).
        message: the text, with named arguments.
        advice: what to do; None where there is nothing to say.
        element: WBEM URI of the instance that it is about; "" for the agent itself.
        element_id: class and stable id of the element.
        alert_type, probable_cause, trending: values of CIM_AlertIndication.
        correlated: uuids of the alerts that this one clears.
        test: written on request, to try the way to the manager.
        raised: the indication that managers are told, where it is of another class.
    """

    uuid: str
    at: float
    utc_offset_s: int
    source: str
    event_id: int
    severity: Severity
    process: str
    message: Message
    advice: Message | None
    element: str
    element_id: str
    alert_type: int
    probable_cause: int
    trending: int
    before: State
    after: State
    metric: str = ""
    value: float | None = None
    limit: float | None = None
    units: str = ""
    correlated: tuple[str, ...] = ()
    test: bool = False
    raised: Raised | None = None

    def text(self, language: Language) -> str:
        return self.message.text(language)
