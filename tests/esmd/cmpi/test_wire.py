"""The bytes between the C bridge and Python: what is written is read back, and what is broken is refused."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.cmpi import wire
from esmd.cmpi.wire import Operation, WireError
from openesm.cim.path import Path
from openesm.cim.values import INTEGER_RANGE, DateTime, Instance, TypedValue, Value
from tests.hostile import TEXT

BASE = Path("T_Base", (("Id", "x"),), "a/b")
THING = Path("T_Thing", (("Id", "one"), ("N", 7), ("On", True), ("Of", BASE)), "a/b")
NO_LIST = struct.pack("<I", 0xFFFFFFFF)
INNER = Instance("T_Part", {"Name": TypedValue("wheel", "string"), "Size": TypedValue(4, "uint32")})


def request(operation: Operation, rest: bytes = b"", path: Path = THING) -> bytes:
    return bytes([operation]) + wire.text("admin") + wire.path(path) + rest


def test_a_request() -> None:
    listed = struct.pack("<I", 2) + wire.text("A") + wire.text("B")
    read = wire.read_request(request(Operation.GET_INSTANCE, listed))
    assert (read.operation, read.user, read.properties) == (Operation.GET_INSTANCE, "admin", ("A", "B"))
    assert read.path.identity == THING.identity
    assert wire.read_request(request(Operation.GET_INSTANCE, NO_LIST)).properties is None


@pytest.mark.parametrize(
    ("value", "cim_type", "is_array"),
    [
        (True, "boolean", False),
        ("ß", "char16", False),
        (0.5, "real32", False),
        (-1.5e300, "real64", False),
        ("日本語 <&>", "string", False),
        ("", "string", False),
        (DateTime.parse("20261125******.******+540"), "datetime", False),
        (Path("T_Thing", (("Id", "one"),), "a/b"), "reference", False),
        (None, "uint8", False),
        (None, "string", True),
        ([], "uint16", True),
        ([1, None, 3], "sint64", True),
        (["a", None, ""], "string", True),
        *((edge, name, False) for name, edges in INTEGER_RANGE.items() for edge in edges),
    ],
)
def test_values(value: Value, cim_type: str, is_array: bool) -> None:
    written = wire.value(value, cim_type, is_array=is_array)
    arguments = struct.pack("<I", 1) + wire.text("X") + written
    method = b"\1" + wire.text("Do")
    read = wire.read_request(request(Operation.INVOKE_METHOD, method + arguments))
    assert (read.words, read.arguments["X"]) == (("Do",), TypedValue(value, cim_type, is_array))


def test_embedded_instances() -> None:
    inner = wire.value(INNER, "string", embedded=True)
    given = wire.path(Path("T_Thing", ())) + struct.pack("<I", 1) + wire.text("Part") + inner
    read = wire.read_request(request(Operation.CREATE_INSTANCE, given))
    assert read.instance is not None
    part = read.instance.properties["Part"].value
    assert isinstance(part, Instance)
    assert {name: typed.value for name, typed in part.properties.items()} == {"Name": "wheel", "Size": 4}


def test_moments_of_providers() -> None:
    moment = wire.value(datetime(2026, 11, 25, tzinfo=UTC), "datetime")
    assert b"20261125000000.000000+000" in moment


@pytest.mark.parametrize("value", ["text", [1], 1.5])
def test_a_value_of_another_type(value: Value) -> None:
    with pytest.raises(TypeError):
        wire.value(value, "uint8")


@given(TEXT)
def test_texts(text: str) -> None:
    """A NUL would end it in C; half a surrogate is nothing that UTF-8 has."""
    read = wire.read_request(request(Operation.DELETE_INSTANCE, path=Path("C", (("K", text),), "n")))
    assert "\0" not in str(read.path.keys[0][1])


@given(st.binary(max_size=200))
def test_broken_requests(data: bytes) -> None:
    whole = request(Operation.GET_INSTANCE, NO_LIST)
    for broken in (data, whole[: len(data)], whole[:5] + data, whole + b"\0"):
        if broken == whole:
            continue
        with pytest.raises(WireError):
            wire.read_request(broken)
