"""The event that a generation condition issues (R-57 to R-59)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from indications.correlation.definition import Assignment, Condition, Variable
from indications.correlation.event import Event
from indications.correlation.limits import DEFAULT_ID

Match = tuple[int, Event]  # number of the event condition, and the event that matched it

FIXED: Mapping[str, str] = {
    "E.PRODUCT_NAME": "/HITACHI/JP1/IM/GENERATE_EVENT",
    "E.OBJECT_TYPE": "SERVICE",
    "E.OBJECT_NAME": "EGS",
}
"""Published: cannot be set by a definition, and are the same in every correlation event."""
OWN = frozenset({*FIXED, "E.OCCURRENCE", "E.JP1_GENERATE_SOURCE_SEQNO", "E.JP1_GENERATE_NAME"})
"""What a definition must not set."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A correlation event before it has a place in the log.

    Attributes:
        key: the same for the same decision, whoever makes it, so that it is issued once.
        at: agent time: arrival of the event that made it, or the deadline that passed.
    """

    key: str
    at: float
    attributes: Mapping[str, str] = field(hash=False)
    chain: tuple[str, ...] = ()


def issued(condition: Condition, matches: Sequence[Match], at: float, *, is_success: bool) -> Issued | None:
    """The event of a success or a failure; None where the definition has none."""
    wanted = condition.success if is_success else condition.fail
    if wanted is None:
        return None
    sources = [event for _, event in matches]
    numbers = " ".join(str(event.number) for event in sources)
    occurrence = "SUCCESS" if is_success else "FAIL"
    return Issued(
        f"{condition.name}/{sources[0].number}/{occurrence}",
        at,
        {
            "B.ID": DEFAULT_ID,
            **{each.attribute: _text(condition, each, matches) for each in wanted},
            **FIXED,
            "E.OCCURRENCE": occurrence,
            "E.JP1_GENERATE_SOURCE_SEQNO": numbers,
            "E.JP1_GENERATE_NAME": condition.name,
        },
        tuple(dict.fromkeys([*(name for event in sources for name in event.chain), condition.name])),
    )


def _text(condition: Condition, wanted: Assignment, matches: Sequence[Match]) -> str:
    return "".join(
        _value(condition, piece, matches) if isinstance(piece, Variable) else piece for piece in wanted.pieces
    )


def _value(condition: Condition, variable: Variable, matches: Sequence[Match]) -> str:
    """Of the first event that matched the event condition with that CID; "" where none did, or has it not."""
    for con, event in matches:
        if condition.cons[con].number == variable.number:
            return event.attributes.get(variable.attribute, "")
    return ""
