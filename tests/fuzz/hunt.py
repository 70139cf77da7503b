"""Runs a property for a time instead of a number of examples, and breaks inputs that are whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

IS_FULL = os.environ.get("OPENESM_FUZZ") == "full"
SECONDS = 60.0 if IS_FULL else 2.0
_ROUND = 400 if IS_FULL else 100  # examples
_SETTINGS = settings(
    max_examples=_ROUND, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

T = TypeVar("T", str, bytes)
MARKS = [
    b"",
    b"\0",
    b"\xff",
    b"\r",
    b"\n",
    b" ",
    b'"',
    b"\\",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"9" * 30,
    b"9" * 5000,  # more digits than int() takes
    b"-1",
    b"\x80" * 5,
]


def hunt(check: Callable[..., None], *inputs: st.SearchStrategy[Any], share: float = 1.0) -> None:
    """Calls `check` with inputs until a share of the time is over; short runs begin the same every time.

    The input for which `check` raises is made small and shown, with the seed of its round.
    """
    first = SystemRandom().randrange(2**32) if IS_FULL else 0
    until = time.monotonic() + SECONDS * share
    number = first
    while number == first or time.monotonic() < until:
        seed(number)(_SETTINGS(given(*inputs)(check)))()
        number += 1


def broken(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A sample with pieces cut out, doubled, moved, or replaced: often still nearly right."""
    return _edited(samples, st.one_of(st.sampled_from(MARKS), st.binary(max_size=8)))


def broken_text(samples: Sequence[str]) -> st.SearchStrategy[str]:
    """The same for text."""
    marks = [mark.decode("latin-1") for mark in MARKS]
    return _edited(samples, st.one_of(st.sampled_from(marks), st.text(max_size=5)))


def _edited(samples: Sequence[T], pieces: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    @st.composite
    def edited(draw: st.DrawFn) -> T:
        text = draw(st.sampled_from(samples))
        for _ in range(draw(st.integers(0, 5))):
            text = _edit(draw, text, samples, pieces)
        return text

    return edited()


def _edit(draw: st.DrawFn, text: T, samples: Sequence[T], pieces: st.SearchStrategy[T]) -> T:
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 40)))
    match draw(st.sampled_from(["cut", "insert", "replace", "double", "splice", "end"])):
        case "cut":
            return text[:start] + text[end:]
        case "insert":
            return text[:start] + draw(pieces) + text[start:]
        case "replace":
            return text[:start] + draw(pieces) + text[end:]
        case "double":
            return text[:end] + text[start:end] * draw(st.integers(1, 4)) + text[end:]
        case "splice":
            other = draw(st.sampled_from(samples))
            return text[:start] + other[min(start, len(other)) :]
    return text[:start]


def rearranged(samples: Sequence[Sequence[str]]) -> st.SearchStrategy[str]:
    """Samples given as tokens, with some left out, doubled, swapped, or taken from another sample."""
    known = sorted({token for sample in samples for token in sample})

    @st.composite
    def tokens(draw: st.DrawFn) -> str:
        row = list(draw(st.sampled_from(samples)))
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, max(0, len(row) - 1)))
            to = draw(st.integers(0, max(0, len(row) - 1)))
            match draw(st.sampled_from(["drop", "put", "swap", "move"])):
                case "drop":
                    del row[at : at + draw(st.integers(1, 3))]
                case "put":
                    row.insert(at, draw(st.sampled_from(known)))
                case "swap" if row:
                    row[at], row[to] = row[to], row[at]
                case "move":
                    row[to:to] = row[at : at + 3]
        return "".join(row)

    return tokens()
