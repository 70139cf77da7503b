"""LIKE against an oracle, and in time linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
        ("[z-a]", "m", False),
        ("[^z-a]", "m", True),
        ("[a-ca-z]", "m", True),
        ("[😀-🙏]", "😐", True),
        ("[^b]", "\U0010ffff", True),
        ("[^\0]", "\0", False),
    ],
)
def test_wql_escapes_and_sets(pattern: str, text: str, matches: bool) -> None:
    assert wql(pattern).matches(text) is matches


@pytest.mark.parametrize("pattern", ["%a" * 200, "%" * 400 + "b", "_%" * 200 + "b"])
def test_evil_patterns_look_at_each_character_once(pattern: str) -> None:
    looked: list[str] = []

    def watched() -> Iterator[str]:
        for char in "a" * 20000:
            looked.append(char)
            yield char

    assert wql(pattern).matches(watched()) is pattern.endswith("a")
    assert len(looked) <= 20000
