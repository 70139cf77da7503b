"""Whether indications came whole and in order, by SequenceContext and SequenceNumber (DSP1054 7.10). Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

WRAP = 2**63  # the number is a sint64 and goes on at 0
CONTEXTS = 4096
GAPS = 4096


class Finding(StrEnum):
    IN_ORDER = "in order"
    FIRST = "first"
    GAP = "gap"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    UNNUMBERED = "unnumbered"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an arrival shows; `missing` is how many numbers were left out before it."""

    finding: Finding
    missing: int = 0


@dataclass(slots=True)
class _Context:
    """What is known of one sender's context: the next number, and the ranges that were left out."""

    expected: int
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first number, and the one after the last


@dataclass(frozen=True, slots=True)
class Totals:
    """`lost` is what has still not come; `late` came after a later number."""

    received: int = 0
    unnumbered: int = 0
    duplicates: int = 0
    late: int = 0
    lost: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.late


class Sequences:
    """Follows all senders; a context begins with the first number that is seen of it."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[tuple[str, str], _Context] = OrderedDict()
        self._received = self._unnumbered = self._duplicates = self._late = self._lost = 0

    def arrived(self, sender: str, context: str | None, number: int | None) -> Arrival:
        """Notes one indication and says what is remarkable about it."""
        self._received += 1
        if not context or number is None or number < 0:
            self._unnumbered += 1
            return Arrival(Finding.UNNUMBERED)
        known = self._contexts.get((sender, context))
        if known is None:
            self._begin((sender, context), number)
            return Arrival(Finding.FIRST)
        self._contexts.move_to_end((sender, context))
        ahead = (number - known.expected) % WRAP
        if ahead < WRAP // 2:
            return self._ahead(known, number, ahead)
        if self._fill(known, number):
            self._late += 1
            return Arrival(Finding.REORDERED)
        self._duplicates += 1
        return Arrival(Finding.DUPLICATE)

    def totals(self) -> Totals:
        return Totals(self._received, self._unnumbered, self._duplicates, self._late, self._lost)

    def _begin(self, key: tuple[str, str], number: int) -> None:
        self._contexts[key] = _Context((number + 1) % WRAP)
        if len(self._contexts) > CONTEXTS:
            self._contexts.popitem(last=False)

    def _ahead(self, known: _Context, number: int, ahead: int) -> Arrival:
        if ahead:
            known.gaps.append((known.expected, number))
            self._lost += ahead
            del known.gaps[:-GAPS]
        known.expected = (number + 1) % WRAP
        return Arrival(Finding.GAP, ahead) if ahead else Arrival(Finding.IN_ORDER)

    def _fill(self, known: _Context, number: int) -> bool:
        """Takes a number out of the gap in which it lies."""
        for at, (first, after) in enumerate(known.gaps):
            offset, size = (number - first) % WRAP, (after - first) % WRAP
            if offset < size:
                rest = [(first, number), ((number + 1) % WRAP, after)]
                known.gaps[at : at + 1] = [gap for gap in rest if gap[0] != gap[1]]
                self._lost -= 1
                return True
        return False
