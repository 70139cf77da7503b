"""What a definition file says, as frozen values; `reading` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """TYPE: how the event conditions of a generation condition go together."""

    SEQUENCE = "sequence"
    COMBINATION = "combination"
    THRESHOLD = "threshold"


class Operator(StrEnum):
    EQUAL = "=="
    DIFFERENT = "!="
    BEGINS = "^="
    CONTAINS = ">="
    LACKS = "<="
    MATCHES = "*="


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """`attribute op value;value…`; one of the values is enough, of `!=` and `<=` none may hold.

    Attributes:
        is_group: the value is the path of a business group, and the attribute a host (R-60).
    """

    attribute: str
    operator: Operator
    values: tuple[str, ...]
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class EventCondition:
    """CON: all of its attribute conditions hold; `number` is its CID."""

    conditions: tuple[AttributeCondition, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """`$EVn_attribute`: the attribute of the event that matched the event condition with CID n."""

    number: int
    attribute: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """`attribute:value` of an event to be issued; the value in pieces."""

    attribute: str
    pieces: tuple[str | Variable, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A generation condition.

    Attributes:
        target: what every event has to be that is looked at.
        cons: the event conditions, in the order of the file.
        excluded: CON=NOT; an event that matches one is not looked at.
        threshold: of kind THRESHOLD, how many events make it; else 0.
        most_sets: CORRELATION_NUM.
        success, fail: the event that is issued; None where none is.
    """

    name: str
    cons: tuple[EventCondition, ...]
    target: tuple[AttributeCondition, ...] = ()
    excluded: tuple[EventCondition, ...] = ()
    timeout_s: int = 60
    kind: Kind = Kind.COMBINATION
    threshold: int = 0
    same_attribute: tuple[str, ...] = ()
    most_sets: int = 10
    success: tuple[Assignment, ...] | None = None
    fail: tuple[Assignment, ...] | None = None

    @property
    def canonical(self) -> str:
        """The same text for the same meaning: comments and layout do not count (R-13)."""
        return repr(self)


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition file: its generation conditions, in the order of the file."""

    version: int = 1
    conditions: tuple[Condition, ...] = ()

    @property
    def canonical(self) -> str:
        """The order of the conditions does not count (R-13)."""
        return "\n".join(sorted(condition.canonical for condition in self.conditions))
