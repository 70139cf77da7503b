"""Strings as logs, devices and attackers write them, and what must arrive of them."""

from __future__ import annotations

import re

from hypothesis import strategies as st

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

SAMPLES = (
    "",
    " ",
    "\t\r\n",
    "\r",
    "a\r\nb\rc\n",
    "]]>",
    "<![CDATA[x]]>",
    "&amp;&#10;&bomb;",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "<VALUE>1</VALUE></PROPERTY>",
    "\"quotes\" and 'apostrophes'",
    "%s %(x)d %% {0} {name}",
    '\\" \\\\ a=b,c="d"',
    "\x00\x01\x1b[2J\x7f\x85",
    "\ud800",
    "\udcff\ud83d\ude00",
    "\ufffe\uffff\ufffd\ufeff",
    "日本語 ｶﾀｶﾅ ｗｉｄｅ 😀 \u202e bidi \u2028 \u0300",
    "x" * 10_000,
    "../../etc/passwd",
    "'; DROP TABLE alerts; --",
)
"""What is known to break something somewhere."""

_HARD = "".join(SAMPLES[:-3]) + "\x00\x08\x0b\x0c\x0e\x1f\udfff\ufffe\uffff"

TEXT: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(st.sampled_from(sorted(set(_HARD))), max_size=40),
    st.text(st.characters(), max_size=40),
    st.lists(st.sampled_from(SAMPLES), max_size=4).map("".join),
)
"""Any string that Python can hold, with a liking for the bad ones; surrogates among them."""


def legal(text: str) -> str:
    """What arrives: each character that XML 1.0 does not allow is U+FFFD, all others are as they were."""
    return _ILLEGAL.sub("\ufffd", text)
