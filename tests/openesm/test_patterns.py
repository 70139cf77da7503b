"""Regular expressions of others (SEC-51)."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.patterns import HITS, GuardedPatterns, PatternError, PlainPatterns, Scan, check, is_linear

EVIL = [
    (r"(a+)+$", "a" * 40 + "!"),
    (r"(a|a)+$", "a" * 40 + "!"),
    (r"(a|aa)+$", "a" * 60 + "!"),
    (r"(.*a){20}$", "a" * 40 + "!"),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    (r"(x+x+)+y", "x" * 60),
    (r"^(\d+)*$", "1" * 60 + "a"),
    (r"(\w*)*@", "w" * 60),
    (r"([^,]*,){30}P", ",".join("1" * 20) + ",1,2,3"),
    (r"^((a+)b?)*c$", "a" * 60),
    (r"(\s*a\s*)*b", " a " * 60),
    (r"(?:(?:a*)*)*b", "a" * 60),
]
"""Patterns that take for ever where every way is tried, and RE2 knows."""
EVIL_AND_NOT_LINEAR = [
    (r"(?=(a+)+$)b", "a" * 40 + "!"),
    (r"(a+)+(?!b)$", "a" * 40 + "!"),
    (r"(?<!z)(a|a)+$", "a" * 40 + "!"),
    (r"(a+)+\1$", "a" * 40 + "!"),
    (r"(?=.)(x+x+)+y", "x" * 40),
    (r"(?:a|aa)+(?!.)", "a" * 60 + "!"),
    (r"(?=\w)(\w*)*@", "w" * 40),
    (r"(?>a)?(a+)+$", "a" * 40 + "!"),
]


@pytest.fixture
def guarded() -> Iterator[GuardedPatterns]:
    made = GuardedPatterns()
    yield made
    made.close()


def cpu_s() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@pytest.mark.parametrize(("pattern", "text"), EVIL, ids=[each for each, _ in EVIL])
def test_sec_51_is_searched_in_linear_time(pattern: str, text: str, guarded: GuardedPatterns) -> None:
    assert is_linear(pattern)
    before = cpu_s()
    assert not guarded.compile(pattern)(text * 10)
    assert cpu_s() - before < 1


@pytest.mark.parametrize(
    ("pattern", "text"), EVIL_AND_NOT_LINEAR, ids=[each for each, _ in EVIL_AND_NOT_LINEAR]
)
def test_sec_51_is_stopped_and_given_up(pattern: str, text: str) -> None:
    given_up: list[str] = []
    guarded = GuardedPatterns(given_up.append)
    assert not is_linear(pattern)
    search, other = guarded.compile(pattern), guarded.compile(r"(?=fine)f")
    before = cpu_s()
    try:
        for hit in range(HITS):
            assert given_up == []
            assert not search(text)
            assert other("it is fine"), hit  # by the next process
        assert given_up == [pattern]
        assert not search(text)
        assert guarded._searcher
        assert guarded._searcher.poll() is None, "it was not asked once more"
    finally:
        guarded.close()
    assert cpu_s() - before < 10


def test_a_process_that_is_killed_is_replaced(guarded: GuardedPatterns) -> None:
    search = guarded.compile("(?=a)a")
    for _ in range(HITS + 1):
        assert search("a")
        assert guarded._searcher
        guarded._searcher.kill()
    assert search("a")


@pytest.mark.parametrize("pattern", [r"(?=a)a", r"(a)\1", "a{1001}", "a"])
def test_patterns_that_need_no_guard_find_what_re_finds(pattern: str, guarded: GuardedPatterns) -> None:
    for text in "b aa", "b", "a" * 1001, "", "é\udc80aa":
        assert guarded.compile(pattern)(text) == PlainPatterns().compile(pattern)(text)
    assert guarded.compile(pattern)("a" * 1001)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a{2,1}", "(?z)", "\\"])
def test_what_is_no_pattern(pattern: str, guarded: GuardedPatterns) -> None:
    for refuse in check, PlainPatterns().compile, guarded.compile:
        with pytest.raises(PatternError):
            refuse(pattern)


PIECES = st.sampled_from(["a", "b", "ab", "[ab]", "a*", "(a|b)", "^a", "b$", ".", "\\d", "é"])
PATTERNS = st.lists(st.lists(PIECES, min_size=1, max_size=4).map("".join), max_size=250)


@given(PATTERNS, st.lists(st.text("ab1é\ud800", max_size=8), max_size=5))
def test_a_scan_finds_what_each_pattern_finds(patterns: list[str], texts: list[str]) -> None:
    scan, searches = Scan(patterns), [PlainPatterns().compile(each) for each in patterns]
    for text in texts:
        assert scan.found(text) == [number for number, search in enumerate(searches) if search(text)]


def test_a_scan_too_big_for_its_memory_finds_them_all() -> None:
    patterns = [rf"(?:x.{{{900 + number}}}y|{number}z).{{1000}}w" for number in range(100)]
    scan = Scan(patterns)
    assert [each for _, each in scan._sets] == [None]
    assert scan.found("7z" + "-" * 1000 + "w") == [7]
