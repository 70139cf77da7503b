"""Headers that choose a language or a form, as any client may send them."""

from __future__ import annotations

from hypothesis import strategies as st

from openesm.text import LANGUAGES, negotiate
from tests.fuzz.hunt import broken_text, hunt


def check(header: str) -> None:
    assert negotiate(header) in LANGUAGES


def test_accept_language() -> None:
    samples = ("ja,en;q=0.8", "en-US;q=0.9,ja-JP;q=1e3,*;q=0", "ja;q=nan, en;q=-1")
    hunt(check, st.one_of(broken_text(samples), st.text()))
