"""Every event that the agent tells by itself, as a table: what happened to what, and its event ID.

A subject says what is the same for all events about it. The texts stand in the catalogue `alerts`, under
names that follow from the row: `cpu-warning`, and `cpu-warning-title` for the few words of a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from indications.wrong import InputError
from openesm.model import Severity, State


class What(StrEnum):
    """What happened."""

    WARNING = "warning"  # up to warning
    CRITICAL = "critical"
    EASED = "eased"  # critical to warning
    NORMAL = "normal"
    UNREADABLE = "unreadable"
    GONE = "gone"
    BACK = "back"
    UNMOUNTED = "unmounted"
    GIVEN_UP = "given-up"
    LAPSED = "lapsed"
    LOST = "lost"
    STARTED = "started"
    STOPPED = "stopped"
    ENDS_SOON = "ends-soon"
    FAILED = "failed"
    CLEARED = "cleared"
    FULL = "full"
    NEARLY_FULL = "nearly-full"
    ROOM = "room"
    SILENT = "silent"
    ANSWERS = "answers"
    STEPPED_BACK = "stepped-back"
    TEST = "test"  # nothing: somebody tries the way
    RAISED = "raised"


UP, DOWN, NO_CHANGE, NOT_APPLICABLE = 2, 3, 4, 1  # CIM_AlertIndication.Trending
TRENDING: Mapping[What, int] = {
    What.WARNING: UP,
    What.CRITICAL: UP,
    What.GONE: UP,
    What.NEARLY_FULL: UP,
    What.FULL: UP,
    What.SILENT: UP,
    What.EASED: DOWN,
    What.NORMAL: DOWN,
    What.BACK: DOWN,
    What.ROOM: DOWN,
    What.ANSWERS: DOWN,
    What.UNREADABLE: NO_CHANGE,
}
CLEARING = frozenset({What.NORMAL, What.BACK, What.ROOM, What.ANSWERS})
PREVIOUS_ALERT_CLEARED = 59  # CIM_AlertIndication.ProbableCause
_OTHER, _COMMUNICATIONS, _QUALITY, _PROCESSING, _DEVICE, _ENVIRONMENT, _SECURITY = (
    1,
    2,
    3,
    4,
    5,
    6,
    8,
)  # AlertType


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about.

    Attributes:
        name: first part of the names of its texts.
        source: as managers know it, in capitals.
        process: the service that tells it (SVC-1 … SVC-6); tag of the system log.
        alert_type, probable_cause: of CIM_AlertIndication; a clear has cause 59 instead.
    """

    name: str
    source: str
    process: str
    alert_type: int
    probable_cause: int


CPU = Subject("cpu", "ESMCPUPERF", "ESMcmn", _QUALITY, 107)
PHYSICAL_MEMORY = Subject("physical-memory", "ESMMEMORYUSAGE", "ESMcmn", _QUALITY, 33)
VIRTUAL_MEMORY = Subject("virtual-memory", "ESMMEMORYUSAGE", "ESMcmn", _QUALITY, 33)
PAGE_FILE = Subject("page-file", "ESMMEMORYUSAGE", "ESMcmn", _QUALITY, 33)
SPACE = Subject("space", "ESMFSSERVICE", "ESMcmn", _PROCESSING, 50)
INODES = Subject("inodes", "ESMFSSERVICE", "ESMcmn", _PROCESSING, 50)
STORAGE = Subject("storage", "ESM STORAGE SERVICE", "ESMcmn", _DEVICE, 86)
PROCESSORS = Subject("processors", "ESMCOMMONSERVICE", "ESMcmn", _DEVICE, 38)
MODULES = Subject("modules", "ESMCOMMONSERVICE", "ESMcmn", _DEVICE, 106)
TEMPERATURE = Subject("temperature", "ESMCOMMONSERVICE", "ESMsmsrv", _ENVIRONMENT, 51)
HARDWARE_LOG = Subject("hardware-log", "ESMCOMMONSERVICE", "ESMsmsrv", _DEVICE, 112)
REPORT = Subject("report", "ESMCOMMONSERVICE", "ESMamvmain", _COMMUNICATIONS, 7)
SUBSCRIPTION = Subject("subscription", "ESMCOMMONSERVICE", "ESMcmn", _COMMUNICATIONS, 7)
WATCHED_LOG = Subject("watched-log", "ESMCOMMONSERVICE", "ESMamvmain", _PROCESSING, 112)
AGENT = Subject("agent", "ESMCOMMONSERVICE", "ESMntserver", _PROCESSING, 110)
CERTIFICATE = Subject("certificate", "ESMCOMMONSERVICE", "ESMntserver", _SECURITY, 125)
WORKER = Subject("worker", "ESMCOMMONSERVICE", "ESMntserver", _PROCESSING, 48)
CORRELATION = Subject("correlation", "ESMCORRELATION", "ESMcmn", _PROCESSING, 0)
PROVIDER = Subject("provider", "ESMPROVIDER", "ESMntserver", _OTHER, 0)
TRIAL = Subject("trial", "ESMCOMMONSERVICE", "ESMntserver", _OTHER, 0)


def severity_of(event_id: int) -> Severity:
    """By the top digit: 4 information, 8 warning, C error (FAQ-21); ValueError for another."""
    try:
        return _SEVERITY[event_id >> 28]
    except KeyError:
        raise ValueError(f"{event_id:08X}") from None


_SEVERITY = {0x4: Severity.INFORMATION, 0x8: Severity.WARNING, 0xC: Severity.CRITICAL}


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the table; `advice` names a text of the catalogue, "" where there is nothing to say."""

    subject: Subject
    what: What
    event_id: int
    advice: str = ""

    @property
    def severity(self) -> Severity:
        return severity_of(self.event_id)

    @property
    def probable_cause(self) -> int:
        return PREVIOUS_ALERT_CLEARED if self.what in CLEARING else self.subject.probable_cause

    @property
    def trending(self) -> int:
        return TRENDING.get(self.what, NOT_APPLICABLE)

    @property
    def text_key(self) -> str:
        return f"alerts.{self.subject.name}-{self.what}"

    @property
    def advice_key(self) -> str:
        return f"alerts.advice-{self.advice}" if self.advice else ""


def title_key(text_key: str) -> str:
    """The few words that stand for a text in a list (TrapName)."""
    return f"{text_key}-title"


EVENTS: tuple[Event, ...] = (
    Event(CPU, What.WARNING, 0x80000064, "load"),
    Event(CPU, What.CRITICAL, 0xC0000065, "load"),
    Event(CPU, What.EASED, 0x80000066, "load"),
    Event(CPU, What.NORMAL, 0x40000067),
    Event(CPU, What.UNREADABLE, 0x80000068, "unreadable"),
    Event(PHYSICAL_MEMORY, What.WARNING, 0x80000070, "memory"),
    Event(PHYSICAL_MEMORY, What.CRITICAL, 0xC0000071, "memory"),
    Event(PHYSICAL_MEMORY, What.EASED, 0x80000072, "memory"),
    Event(PHYSICAL_MEMORY, What.NORMAL, 0x40000073),
    Event(PHYSICAL_MEMORY, What.UNREADABLE, 0x80000074, "unreadable"),
    Event(VIRTUAL_MEMORY, What.WARNING, 0x80000078, "memory"),
    Event(VIRTUAL_MEMORY, What.CRITICAL, 0xC0000079, "memory"),
    Event(VIRTUAL_MEMORY, What.EASED, 0x8000007A, "memory"),
    Event(VIRTUAL_MEMORY, What.NORMAL, 0x4000007B),
    Event(VIRTUAL_MEMORY, What.UNREADABLE, 0x8000007C, "unreadable"),
    Event(PAGE_FILE, What.WARNING, 0x80000080, "memory"),
    Event(PAGE_FILE, What.CRITICAL, 0xC0000081, "memory"),
    Event(PAGE_FILE, What.EASED, 0x80000082, "memory"),
    Event(PAGE_FILE, What.NORMAL, 0x40000083),
    Event(PAGE_FILE, What.UNREADABLE, 0x80000084, "unreadable"),
    Event(SPACE, What.WARNING, 0x80000090, "space"),
    Event(SPACE, What.CRITICAL, 0xC0000091, "space"),
    Event(SPACE, What.EASED, 0x80000092, "space"),
    Event(SPACE, What.NORMAL, 0x40000093),
    Event(SPACE, What.UNREADABLE, 0x80000094, "mount"),
    Event(SPACE, What.UNMOUNTED, 0x40000095),
    Event(INODES, What.WARNING, 0x80000098, "inodes"),
    Event(INODES, What.CRITICAL, 0xC0000099, "inodes"),
    Event(INODES, What.EASED, 0x8000009A, "inodes"),
    Event(INODES, What.NORMAL, 0x4000009B),
    Event(STORAGE, What.WARNING, 0x800000A0, "disk"),
    Event(STORAGE, What.CRITICAL, 0xC00000A1, "disk"),
    Event(STORAGE, What.EASED, 0x800000A2, "disk"),
    Event(STORAGE, What.NORMAL, 0x400000A3),
    Event(STORAGE, What.GONE, 0xC00000A4, "cable"),
    Event(STORAGE, What.BACK, 0x400000A5),
    Event(STORAGE, What.UNREADABLE, 0x800000A6, "cable"),
    Event(PROCESSORS, What.WARNING, 0x800000B0, "part"),
    Event(MODULES, What.WARNING, 0x800000B1, "part"),
    Event(PROCESSORS, What.CRITICAL, 0xC00000B2, "part"),
    Event(MODULES, What.CRITICAL, 0xC00000B3, "part"),
    Event(PROCESSORS, What.NORMAL, 0x400000B4),
    Event(MODULES, What.NORMAL, 0x400000B4),
    Event(TEMPERATURE, What.WARNING, 0x80000065, "cooling"),
    Event(TEMPERATURE, What.CRITICAL, 0xC0000066, "cooling"),
    Event(TEMPERATURE, What.NORMAL, 0x40000067),
    Event(HARDWARE_LOG, What.CLEARED, 0x800007F0),
    Event(HARDWARE_LOG, What.FULL, 0xC00007F1, "clear-log"),
    Event(HARDWARE_LOG, What.NEARLY_FULL, 0x800007F2, "clear-log"),
    Event(HARDWARE_LOG, What.ROOM, 0x400007F3),
    Event(HARDWARE_LOG, What.SILENT, 0xC00007F4, "controller"),
    Event(HARDWARE_LOG, What.ANSWERS, 0x400007F5),
    Event(HARDWARE_LOG, What.STEPPED_BACK, 0x800007F6, "clock"),
    Event(REPORT, What.GIVEN_UP, 0x80000701, "destination"),
    Event(SUBSCRIPTION, What.LAPSED, 0x80000702, "subscribe"),
    Event(WATCHED_LOG, What.LOST, 0x80000703),
    Event(AGENT, What.STARTED, 0x40000704),
    Event(AGENT, What.STOPPED, 0x40000705),
    Event(CERTIFICATE, What.ENDS_SOON, 0x80000706, "certificate"),
    Event(WORKER, What.FAILED, 0xC0000707, "worker"),
    Event(CERTIFICATE, What.FAILED, 0xC0000709, "certificate"),
    Event(CORRELATION, What.RAISED, 0x4000070B),
    Event(CORRELATION, What.WARNING, 0x8000070B, "correlation"),
    Event(CORRELATION, What.CRITICAL, 0xC000070B, "correlation"),
    Event(CORRELATION, What.FAILED, 0xC000070C, "pattern"),
    Event(PROVIDER, What.RAISED, 0x4000070A),
    Event(PROVIDER, What.WARNING, 0x8000070A, "provider"),
    Event(PROVIDER, What.CRITICAL, 0xC000070A, "provider"),
    Event(TRIAL, What.TEST, 0x40000708, "trial"),
    Event(TRIAL, What.WARNING, 0x80000708, "trial"),
    Event(TRIAL, What.CRITICAL, 0xC0000708, "trial"),
)
_BY_ROW: Mapping[tuple[Subject, What], Event] = {(event.subject, event.what): event for event in EVENTS}


def event(subject: Subject, what: What) -> Event:
    """The row; inodes share the row of the file system where they have none of their own."""
    found = _BY_ROW.get((subject, what))
    return found if found is not None else _BY_ROW[SPACE if subject is INODES else subject, what]


def transition(before: State, after: State) -> What:
    """What a change of a judged state is called; ValueError when it is none."""
    if before is after:
        raise ValueError(before)
    if after is State.WARNING:
        return What.EASED if before is State.CRITICAL else What.WARNING
    return {State.UNKNOWN: What.UNREADABLE, State.NORMAL: What.NORMAL, State.CRITICAL: What.CRITICAL}[after]


def is_told(before: State, after: State, has_open: bool) -> bool:
    """False for the first good reading, which finds an element in order and clears nothing."""
    return not (before is State.UNKNOWN and after is State.NORMAL and not has_open)


Ids = Mapping[tuple[str, int], int]
_KNOWN = frozenset((event.subject.source, event.event_id) for event in EVENTS)


def remapped(table: Ids) -> Ids:
    """The table of `source, our ID -> ID` that a site wants instead, checked; severity follows the new ID.

    Raises:
        InputError: we have no such event, or the new ID is none.
    """
    for (source, ours), theirs in table.items():
        if (source, ours) not in _KNOWN:
            raise InputError("remap-unknown", source=source, id=f"{ours:08X}")
        if not 0 <= theirs < 1 << 32 or theirs >> 28 not in _SEVERITY:
            raise InputError("remap-id", source=source, id=f"{ours:08X}", new=f"{theirs:08X}")
    return dict(table)
