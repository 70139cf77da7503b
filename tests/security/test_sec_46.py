"""SEC-46: whatever bytes the machine reports, every XML parser reads the answer."""

from __future__ import annotations

import xml.dom.minidom
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from esmd.wbem.cimxml.fragments import attribute, escape

ANY = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.binary().map(lambda data: data.decode("utf-8", "replace")),
    st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.binary().map(lambda data: data.decode("latin-1")),
)


def as_xml(char: str) -> str:
    """What XML 1.0 lets through (production 2), everything else as U+FFFD."""
    code = ord(char)
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    return char if allowed else "\ufffd"


@given(ANY)
def test_sec_46_three_parsers_read_it(text: str) -> None:
    document = f'<a b="{attribute(text)}">{escape(text)}</a>'.encode()
    expected = "".join(map(as_xml, text))
    tree = ET.fromstring(document)
    assert (tree.text or "", tree.get("b")) == (expected, expected)
    other = etree.fromstring(document)
    assert (other.text or "", other.get("b")) == (expected, expected)
    third = xml.dom.minidom.parseString(document).documentElement
    assert third is not None
    assert "".join(node.data for node in third.childNodes) == expected  # type: ignore[union-attr]
    assert third.getAttribute("b") == expected


@given(ANY)
def test_sec_46_nothing_that_is_sent_ends_an_element(text: str) -> None:
    for sent in (escape(text), attribute(text)):
        assert "<" not in sent
        assert "]]>" not in sent
        assert '"' not in sent
