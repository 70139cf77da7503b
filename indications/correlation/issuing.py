"""The event that a generation condition issues (R-57 to R-59)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

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


class Issued(NamedTuple):
    """A correlation event before it has a place in the log.

    Attributes:
        key: the same for the same decision, whoever makes it, so that it is issued once.
        at: agent time: arrival of the event that made it, or the deadline that passed.
    """

    key: str
    at: float
    attributes: Mapping[str, str]
    chain: tuple[str, ...] = ()


class Issuer:
    """Makes the events of a generation condition; what is the same in all of them is put together once."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._name = condition.name
        self._numbers = [con.number for con in condition.cons]
        self._success = self._form(condition.success, "SUCCESS")
        self._fail = self._form(condition.fail, "FAIL")

    def success(self, matches: Sequence[Match]) -> Issued | None:
        """The event of a success; None where the definition has none."""
        return self._issued(self._success, matches, matches[-1][1].arrived)

    def failure(self, matches: Sequence[Match], deadline: float) -> Issued | None:
        """The event of a failure; None where the definition has none."""
        return self._issued(self._fail, matches, deadline)

    def _form(self, wanted: Sequence[Assignment] | None, occurrence: str) -> _Form | None:
        if wanted is None:
            return None
        fixed = {
            "B.ID": DEFAULT_ID,
            **{each.attribute: "".join(map(str, each.pieces)) for each in wanted},
            **FIXED,
            "E.OCCURRENCE": occurrence,
            "E.JP1_GENERATE_NAME": self._name,
        }
        told = [each for each in wanted if any(isinstance(piece, Variable) for piece in each.pieces)]
        return occurrence, fixed, told

    def _issued(self, form: _Form | None, matches: Sequence[Match], at: float) -> Issued | None:
        if form is None:
            return None
        occurrence, fixed, told = form
        attributes = dict(fixed)
        for each in told:
            attributes[each.attribute] = "".join(
                self._value(piece, matches) if isinstance(piece, Variable) else piece for piece in each.pieces
            )
        numbers = " ".join([str(event.number) for _, event in matches])
        attributes["E.JP1_GENERATE_SOURCE_SEQNO"] = numbers
        key = f"{self._name}/{matches[0][1].number}/{occurrence}#{self._mark}"
        return Issued(key, at, attributes, self._chain(matches))

    @cached_property
    def _mark(self) -> str:
        """Another one for a condition of the same name that means something else."""
        return f"{crc32(self._condition.canonical.encode()):08x}"

    def _chain(self, matches: Sequence[Match]) -> tuple[str, ...]:
        """The conditions that led to it, each once, this one last."""
        before = [name for _, event in matches for name in event.chain]
        return tuple(dict.fromkeys([*before, self._name])) if before else (self._name,)

    def _value(self, variable: Variable, matches: Sequence[Match]) -> str:
        """Of the first event that matched the event condition with that CID; "" where there is none."""
        for con, event in matches:
            if self._numbers[con] == variable.number:
                return event.attributes.get(variable.attribute, "")
        return ""


_Form = tuple[str, Mapping[str, str], Sequence[Assignment]]
"""OCCURRENCE, what is the same in every event, and what has variables."""
