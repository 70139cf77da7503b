"""LIKE in time linear in the text: a pattern is a row of elements, all its states are bits of one integer.

Bit n of the state is set when the first n elements have matched what was read so far. A character moves all
states at once with a fixed number of operations on integers as wide as the pattern, whatever the pattern is;
nothing is ever tried again (no backtracking).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from subscription.query import wrong

MAX_ELEMENTS = 1024
LAST = 0x10FFFF

Range = tuple[int, int]  # code points, both included


@dataclass(frozen=True, slots=True)
class Element:
    """One character out of some ranges (disjoint, in order); `many`: any number of them, also none."""

    ranges: tuple[Range, ...]
    many: bool = False


ANY = Element(((0, LAST),))


class Matcher:
    """A pattern, ready to match."""

    def __init__(self, elements: Iterable[Element]) -> None:
        self._starts, self._masks = [0], [0]  # from the code point starts[i] on, masks[i] tells who matches
        self._many, self._end = 0, 1
        changes: dict[int, int] = defaultdict(int)
        for element in elements:
            bit = self._end
            self._end <<= 1
            if element.many:
                self._many |= bit
            for low, high in element.ranges:
                changes[low] ^= bit
                changes[high + 1] ^= bit
        for start in sorted(changes):
            self._starts.append(start)
            self._masks.append(self._masks[-1] ^ changes[start])

    def matches(self, text: Iterable[str]) -> bool:
        """Whether the pattern covers the whole of `text`; every character is looked at once, at most."""
        states = self._skip_many(1)
        for character in text:
            alive = states & self._masks[bisect_right(self._starts, ord(character)) - 1]
            states = self._skip_many(((alive & ~self._many) << 1) | (alive & self._many))
            if not states:
                return False
        return bool(states & self._end)

    def _skip_many(self, states: int) -> int:
        """Also the states behind elements that may match nothing: the carry runs through each row of them."""
        return states | (((states & self._many) + self._many) ^ self._many)


def wql(pattern: str) -> Matcher:
    """`%` any text, `_` one character, `[a-f]` one of some, `[^a-f]` one of the others.

    A backslash takes the meaning from the next character; a `[` without its `]` stands for itself.

    Raises:
        CIMError: 15, more than `MAX_ELEMENTS`.
    """
    return _matcher(_wql_elements(pattern))


def regular(pattern: str) -> Matcher:
    """DSP0202 C.1: `.` one character, `x*` any number of x, a backslash takes the meaning from the next.

    Raises:
        CIMError: 15, more than `MAX_ELEMENTS`.
    """
    return _matcher(_regular_elements(pattern))


def _matcher(elements: Iterable[Element]) -> Matcher:
    row = list(elements)
    if len(row) > MAX_ELEMENTS:
        raise wrong.because("pattern-too-long", limit=MAX_ELEMENTS)
    return Matcher(row)


def _literal(character: str) -> Element:
    return Element(((ord(character), ord(character)),))


def _wql_elements(pattern: str) -> Iterator[Element]:
    n = 0
    while n < len(pattern):
        character = pattern[n]
        end = pattern.find("]", n + 2) if character == "[" else -1
        if character == "\\" and n + 1 < len(pattern):
            n += 1
            yield _literal(pattern[n])
        elif end > 0:
            yield _set(pattern[n + 1 : end])
            n = end
        elif character in "%_":
            yield replace(ANY, many=character == "%")
        else:
            yield _literal(character)
        n += 1


def _set(inside: str) -> Element:
    negated = inside.startswith("^") and len(inside) > 1
    listed = inside[negated:]
    ranges: list[Range] = []
    n = 0
    while n < len(listed):
        width = 3 if listed[n + 1 : n + 2] == "-" and n + 2 < len(listed) else 1
        ranges.append((ord(listed[n]), ord(listed[n + width - 1])))
        n += width
    merged = _merged((low, high) for low, high in ranges if low <= high)
    return Element(_others(merged) if negated else merged)


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    row: list[Range] = []
    for low, high in sorted(ranges):
        if row and low <= row[-1][1] + 1:
            row[-1] = row[-1][0], max(row[-1][1], high)
        else:
            row.append((low, high))
    return tuple(row)


def _others(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    edges = [0, *(edge for low, high in ranges for edge in (low - 1, high + 1)), LAST]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low, high) for low, high in pairs if low <= high)


def _regular_elements(pattern: str) -> list[Element]:
    row: list[Element] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*" and row:
            row[-1] = replace(row[-1], many=True)
        elif character == ".":
            row.append(ANY)
        elif character == "\\":
            row.append(_literal(next(characters, character)))
        else:
            row.append(_literal(character))
    return row
