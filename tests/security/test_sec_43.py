"""SEC-43: at most 256 attributes of an element, at most 64 KiB of text in them."""

from __future__ import annotations

import pytest

from esmd.wbem.cimxml.xml import MAX_ATTRIBUTE_CHARS, MAX_ATTRIBUTES, parse
from esmd.wbem.http1 import HttpError


def attributes(count: int) -> bytes:
    return b"<a " + b" ".join(b'a%d="x"' % number for number in range(count)) + b"/>"


def long_attribute(size: int, before: bytes = b"") -> bytes:
    return b"<a>" + before + b'<b c="' + b"x" * size + b'"/></a>'


@pytest.mark.parametrize(
    "body",
    [
        attributes(MAX_ATTRIBUTES),
        long_attribute(MAX_ATTRIBUTE_CHARS),
        b"<a>" + b'<b c="d"/>' * 1000 + b"</a>",
        b"<a>" + b"=" * 1000 + b"</a>",
    ],
    ids=["256", "64 KiB", "a few of many elements", "equal signs in text"],
)
def test_sec_43_allowed(body: bytes) -> None:
    assert parse(body).tag == "a"


@pytest.mark.parametrize(
    "body",
    [
        attributes(MAX_ATTRIBUTES + 1),
        attributes(90_000),
        long_attribute(MAX_ATTRIBUTE_CHARS + 1),
        long_attribute(1_000_000),
        long_attribute(MAX_ATTRIBUTE_CHARS + 1, before=b"<c/>" * 100),
    ],
    ids=["257", "90 000", "64 KiB and one", "1 MB", "in a large document"],
)
def test_sec_43_refused(body: bytes) -> None:
    with pytest.raises(HttpError) as refused:
        parse(body)
    assert (refused.value.status, refused.value.cim_error) == (400, "request-not-valid")
