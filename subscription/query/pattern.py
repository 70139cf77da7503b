"""LIKE, in time linear in the text: all ways to match are followed at once, as bits of one number.

WQL: `%` any run, `_` any character, `[a-z]` and `[^a-z]` sets. CQL and FQL (DSP0202 annex C.1): `.` any
character, `*` any number of the one before. In both `\\` takes the next character as it is, and a pattern
matches the whole text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Matcher = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Tokens, each for one character, or for any number of them where its bit is set in `repeated`.

    State i (bit i) means: the first i tokens are matched. `before`, `after` and `inside` mark the states
    before, at the end of, and within each run of repeated tokens.
    """

    matchers: tuple[Matcher, ...]
    repeated: int
    before: int
    after: int
    inside: int

    @classmethod
    def of(cls, parts: list[tuple[Matcher, bool]]) -> Pattern:
        repeated = sum(1 << i for i, (_, many) in enumerate(parts) if many)
        inside = repeated << 1
        before = repeated & ~inside
        after = inside & ~repeated
        return cls(tuple(matcher for matcher, _ in parts), repeated, before, after, inside)

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` matches."""
        masks: dict[str, int] = {}
        states = self._skip(1)
        for char in text:
            mask = masks.get(char)
            if mask is None:
                mask = masks[char] = sum(1 << i for i, fits in enumerate(self.matchers) if fits(char))
            taken = states & mask
            states = self._skip((taken & ~self.repeated) << 1 | taken & self.repeated)
            if not states:
                return False
        return bool(states >> len(self.matchers) & 1)

    def _skip(self, states: int) -> int:
        """Adds the states that are reached by taking no character for repeated tokens.

        The subtraction borrows from the end of a run down to its lowest live state, all runs at once.
        """
        ended = states | self.after
        return states | self.inside & (~(ended - self.before) ^ ended)


def _anything(_char: str) -> bool:
    return True


def _exactly(wanted: str) -> Matcher:
    return lambda char: char == wanted


@lru_cache(256)
def wql(text: str) -> Pattern:
    """A WQL pattern."""
    parts: list[tuple[Matcher, bool]] = []
    position = 0
    while position < len(text):
        char = text[position]
        end = text.find("]", position + 2) if char == "[" else -1
        if char == "\\" and position + 1 < len(text):
            parts.append((_exactly(text[position + 1]), False))
            position += 2
        elif end > 0:
            parts.append((_set(text[position + 1 : end]), False))
            position = end + 1
        else:
            parts.append((_anything if char in "%_" else _exactly(char), char == "%"))
            position += 1
    return Pattern.of(parts)


@lru_cache(256)
def regular(text: str) -> Pattern:
    """A pattern of CQL or FQL."""
    parts: list[tuple[Matcher, bool]] = []
    position = 0
    while position < len(text):
        char = text[position]
        escaped = char == "\\" and position + 1 < len(text)
        if escaped:
            position += 1
            char = text[position]
        many = text[position + 1 : position + 2] == "*"
        parts.append((_anything if char == "." and not escaped else _exactly(char), many))
        position += 2 if many else 1
    return Pattern.of(parts)


def _set(content: str) -> Matcher:
    """A set of characters and ranges; `^` first turns it round."""
    inverted = content.startswith("^") and len(content) > 1
    members = content[1:] if inverted else content
    singles: set[str] = set()
    ranges: list[tuple[str, str]] = []
    position = 0
    while position < len(members):
        if members[position + 1 : position + 2] == "-" and position + 2 < len(members):
            ranges.append((members[position], members[position + 2]))
            position += 3
        else:
            singles.add(members[position])
            position += 1
    return lambda char: (char in singles or any(a <= char <= b for a, b in ranges)) is not inverted
