"""Where correlation goes on when it starts, and what becomes of its sets (R-10 to R-34, R-80 ff.).

Pure: what the last run has left and the options in, a plan out. A host has one number for the events that
were taken and for those that were offered: an event that is passed over in a pause counts as offered (R-7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from indications.correlation.attributes import Piece, attribute_conditions, split
from indications.correlation.definition import AttributeCondition
from indications.correlation.limits import BEGIN_HOURS_MOST
from indications.correlation.wrong import DefinitionError, Place
from openesm.text import Message


class OptionError(ValueError):
    """An option has a value that it cannot have."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


class StartOption(StrEnum):
    COLD = "cold"
    WARM = "warm"


class Recovery(StrEnum):
    """What is done after the process was killed (R-32, R-33)."""

    RESUME = "resume"
    COLD = "cold"


class OnPause(StrEnum):
    """What becomes of the events that come in a pause (R-7)."""

    DISCARD = "discard"
    HOLD = "hold"


class OnMissing(StrEnum):
    """What becomes of an event without an attribute of SAME_ATTRIBUTE (R-53)."""

    SKIP = "skip"
    GROUP = "group"


class OnChange(StrEnum):
    """Which sets another definition leaves (R-90)."""

    KEEP = "keep"
    DISCARD_ALL = "discard-all"


@dataclass(frozen=True, slots=True)
class Options:
    """How correlation starts, stops, pauses and changes; the defaults lose nothing.

    Attributes:
        begin: `-b`: -1 after the last event that was taken, 0 with new ones, 1 to 144 with those of that many
            hours (R-24); used where `integrated_db` is on.
        integrated_db: an event is correlated in the transaction that tells it (R-9).
        acquire: the acquisition filter: what every event has to be, as in TARGET; "" takes all (R-8).
    """

    start: StartOption = StartOption.WARM
    begin: int = -1
    integrated_db: bool = False
    crash_recovery: Recovery = Recovery.RESUME
    on_pause: OnPause = OnPause.DISCARD
    missing_attribute: OnMissing = OnMissing.SKIP
    on_change: OnChange = OnChange.KEEP
    acquire: str = ""

    def with_changes(self, given: Mapping[str, object]) -> Options:
        """The same with other values, by their names.

        Raises:
            OptionError: there is no such option, or it cannot have that value.
        """
        changed: dict[str, Any] = {}
        for name, value in given.items():
            reader = _READERS.get(name)
            if reader is None:
                raise OptionError(Message.of("correlation.bad-option", name=name, value=value))
            changed[name] = reader(name, value)
        return replace(self, **changed)

    def as_json(self) -> dict[str, str | int | bool]:
        return {
            "start": str(self.start),
            "begin": self.begin,
            "integrated_db": self.integrated_db,
            "crash_recovery": str(self.crash_recovery),
            "on_pause": str(self.on_pause),
            "missing_attribute": str(self.missing_attribute),
            "on_change": str(self.on_change),
            "acquire": self.acquire,
        }


def kept_options(given: Mapping[str, object]) -> Options:
    """Options as they were kept; what cannot be is as if it were not there, as in a system profile (P7)."""
    options = Options()
    for name, value in given.items():
        try:
            options = options.with_changes({name: value})
        except OptionError:
            continue
    return options


def _begin(_name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -1 <= value <= BEGIN_HOURS_MOST:
        raise OptionError(Message.of("correlation.bad-begin", value=value, most=BEGIN_HOURS_MOST))
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise OptionError(Message.of("correlation.bad-option", name=name, value=value))
    return value


def _filter(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise OptionError(Message.of("correlation.bad-option", name=name, value=value))
    conditions(value)
    return value


def _choice(kind: type[StrEnum]) -> Callable[[str, object], StrEnum]:
    def read(name: str, value: object) -> StrEnum:
        """In upper or lower case (P7)."""
        try:
            return kind(str(value).lower())
        except ValueError:
            raise OptionError(Message.of("correlation.bad-option", name=name, value=value)) from None

    return read


_READERS: Mapping[str, Callable[[str, object], object]] = {
    "start": _choice(StartOption),
    "begin": _begin,
    "integrated_db": _flag,
    "crash_recovery": _choice(Recovery),
    "on_pause": _choice(OnPause),
    "missing_attribute": _choice(OnMissing),
    "on_change": _choice(OnChange),
    "acquire": _filter,
}


def conditions(acquire: str) -> tuple[AttributeCondition, ...]:
    """What the acquisition filter says; OptionError where it cannot be read."""
    if not acquire.strip():
        return ()
    try:
        return attribute_conditions(split(Piece(acquire.strip(), Place("", 1, 1))))
    except DefinitionError as wrong:
        reason = wrong.wrong[0].reason
        raise OptionError(Message.of("correlation.bad-filter", reason=str(reason))) from wrong


class Why(StrEnum):
    """Why sets are not carried over."""

    COLD_STOP = "cold-stop"
    COLD_START = "cold-start"
    CHANGED = "definition-changed"
    ABNORMAL = "abnormal-end"
    BEGIN = "begin-given"
    SWITCHED = "database-switched"
    OPERATOR = "operator"


class Where(StrEnum):
    """With which event it goes on."""

    NEXT = "next"  # after the last one that was taken
    NEW = "new"  # registered after the start
    OLDEST = "oldest"
    HOURS = "hours"  # registered within so many hours
    LAST_STOP = "last-stop"  # registered after the last stop


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the last run has left.

    Attributes:
        was_stopped: it ended as it was told; else it was killed.
        had_database: `integrated_db` while it ran.
        is_same_definition: as the one in use now, by meaning (R-13).
        has_taken: any event ever.
    """

    was_stopped: bool
    had_database: bool
    is_same_definition: bool
    has_taken: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start does.

    Attributes:
        where: with which event it goes on; one that was offered before is never offered again (R-23).
        discards: why the sets that were left are not carried over; None where they are.
        warns: that they are not because of `begin` (KAJV2316-W).
    """

    where: Where
    hours: int = 0
    discards: Why | None = None
    warns: bool = False


def plan(options: Options, last: LastRun | None) -> Plan:
    """How correlation starts.

    Args:
        last: None where it has never run.
    """
    if last is None or not last.was_stopped:
        return _after_a_kill(options, last)
    if options.integrated_db:
        return _with_database(options, last)
    is_switched = last.had_database
    if options.start is StartOption.COLD:
        return Plan(Where.NEW, discards=Why.COLD_START)
    if is_switched:
        return Plan(Where.LAST_STOP, discards=Why.SWITCHED)
    where = Where.NEXT if last.has_taken else Where.NEW
    return Plan(where, discards=None if last.is_same_definition else Why.CHANGED)


def _after_a_kill(options: Options, last: LastRun | None) -> Plan:
    if last is None:
        if not options.integrated_db:
            return Plan(Where.NEW)
        return _position(options, has_taken=False)
    if options.crash_recovery is Recovery.COLD:
        return Plan(Where.NEW, discards=Why.ABNORMAL)
    return Plan(Where.NEXT, discards=_lost(options, last))


def _with_database(options: Options, last: LastRun) -> Plan:
    position = _position(options, last.has_taken)
    if options.start is StartOption.COLD:
        return replace(position, discards=Why.COLD_START)
    if options.begin != -1:
        return replace(position, discards=Why.BEGIN, warns=True)
    return replace(position, discards=_lost(options, last))


def _position(options: Options, has_taken: bool) -> Plan:
    if options.begin > 0:
        return Plan(Where.HOURS, options.begin)
    if options.begin == 0:
        return Plan(Where.NEW)
    if has_taken:
        return Plan(Where.NEXT)
    return Plan(Where.OLDEST if options.start is StartOption.WARM else Where.NEW)


def _lost(options: Options, last: LastRun) -> Why | None:
    if last.had_database is not options.integrated_db:
        return Why.SWITCHED
    return None if last.is_same_definition else Why.CHANGED
