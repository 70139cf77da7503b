"""LIKE against an oracle, and in time linear in the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscription.query.pattern import regular, wql

ALPHABET = "ab."


def _as_re(parts: list[tuple[str, bool]]) -> str:
    return "".join((re.escape(char) if char != "." else ".") + ("*" if many else "") for char, many in parts)


@given(st.lists(st.tuples(st.sampled_from(ALPHABET), st.booleans()), max_size=7), st.text("abc", max_size=7))
def test_regular_patterns_mean_what_re_means(parts: list[tuple[str, bool]], text: str) -> None:
    pattern = "".join(char + ("*" if many else "") for char, many in parts)
    assert regular(pattern).matches(text) is bool(re.fullmatch(_as_re(parts), text))


@given(
    st.lists(st.sampled_from(["%", "_", "a", "b", "[ab]", "[^a]", "[b-c]"]), max_size=7),
    st.text("abc", max_size=7),
)
def test_wql_patterns_mean_what_re_means(parts: list[str], text: str) -> None:
    as_re = "".join({"%": ".*", "_": "."}.get(part, part) for part in parts)
    assert wql("".join(parts)).matches(text) is bool(re.fullmatch(as_re, text))


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"100\%", "100%", True),
        (r"100\%", "1000", False),
        (r"a\_b", "a_b", True),
        ("[", "[", True),
        ("[]]", "]", True),
        ("[a-]", "-", True),
        ("[^]", "^", True),
        ("%\n%", "one\ntwo", True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_wql_escapes_and_sets(pattern: str, text: str, matches: bool) -> None:
    assert wql(pattern).matches(text) is matches


@pytest.mark.parametrize("pattern", ["%a" * 200, "%" * 400 + "b", "_%" * 200 + "b"])
def test_evil_patterns_look_at_each_character_once(pattern: str) -> None:
    looked: list[str] = []

    class Watched(str):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for char in str.__iter__(self):
                looked.append(char)
                yield char

    assert wql(pattern).matches(Watched("a" * 20000)) is pattern.endswith("a")
    assert len(looked) <= 20000
