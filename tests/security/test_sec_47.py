"""SEC-47: an embedded instance holds what was put in, whatever CDATA or entities are in its strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.wbem.cimxml.decode import decode
from esmd.wbem.cimxml.fragments import attribute, escape
from openesm.cim.values import Instance, TypedValue
from tests.security.wire import call

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufffe\uffff").filter(
    lambda char: char >= " " or char in "\t\n"
))  # fmt: skip


def embedded(levels: int, text: str) -> str:
    """An INSTANCE whose property P holds an instance …, and the innermost one `text`."""
    if levels == 0:
        return (
            '<INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="string">'
            f"<VALUE>{escape(text)}</VALUE></PROPERTY></INSTANCE>"
        )
    return (
        '<INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance">'
        f"<VALUE>{escape(embedded(levels - 1, text))}</VALUE></PROPERTY></INSTANCE>"
    )


def innermost(body: bytes, levels: int) -> object:
    instance = decode(body).call.arguments["newinstance"]
    assert isinstance(instance, Instance)
    value: object = instance
    for _ in range(levels + 1):
        assert isinstance(value, Instance)
        assert list(value.properties) == ["P"]
        held = value.properties["P"]
        assert isinstance(held, TypedValue)
        value = held.value
    return value


def create(instance: str) -> bytes:
    return call("CreateInstance", f'<IPARAMVALUE NAME="NewInstance">{instance}</IPARAMVALUE>')


@given(TEXT, st.integers(0, 3))
def test_sec_47_round_trip(text: str, levels: int) -> None:
    assert innermost(create(embedded(levels, text)), levels) == text


BREAKOUTS = [
    "</VALUE></PROPERTY><PROPERTY NAME='Q' TYPE='string'><VALUE>x",
    "]]></VALUE><!--",
    "<![CDATA[",
    "]]>",
    "&lt;/VALUE&gt;",
    "&amp;lt;INSTANCE/&amp;gt;",
    "&#60;/VALUE&#62;",
    "<?xml version='1.0'?>",
    "<!DOCTYPE x>",
]


@pytest.mark.parametrize("text", BREAKOUTS)
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_sec_47_no_string_breaks_out(text: str, levels: int) -> None:
    assert innermost(create(embedded(levels, text)), levels) == text


@pytest.mark.parametrize("text", BREAKOUTS)
def test_sec_47_attributes_hold_too(text: str) -> None:
    body = create(
        f'<INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="string" X="{attribute(text)}"/></INSTANCE>'
    )
    instance = decode(body).call.arguments["newinstance"]
    assert list(instance.properties) == ["P"]


def test_sec_47_cdata_is_the_same_as_an_escape() -> None:
    inner = embedded(0, "a&b")
    cdata = (
        '<INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance">'
        f"<VALUE><![CDATA[{inner}]]></VALUE></PROPERTY></INSTANCE>"
    )
    assert innermost(create(cdata), 1) == innermost(create(embedded(1, "a&b")), 1) == "a&b"
