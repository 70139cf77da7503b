"""The bytes between the C bridge and Python: what is written is read back, and what is broken is refused."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.cmpi import form, wire
from esmd.cmpi.form import WireError
from esmd.cmpi.wire import Operation
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import INTEGER_RANGE, DateTime, Instance, TypedValue, Value
from tests.hostile import TEXT

BASE = Path("T_Base", (("Id", "x"),), "a/b")
THING = Path("T_Thing", (("Id", "one"), ("N", 7), ("On", True), ("Of", BASE)), "a/b")
NO_LIST = struct.pack("<I", 0xFFFFFFFF)
INNER = Instance("T_Part", {"Name": TypedValue("wheel", "string"), "Size": TypedValue(4, "uint32")})


def request(operation: Operation, rest: bytes = b"", path: Path = THING) -> bytes:
    return bytes([operation]) + struct.pack("<Q", 7) + form.text("admin") + form.path(path) + rest


def test_a_request() -> None:
    listed = struct.pack("<I", 2) + form.text("A") + form.text("B")
    read = wire.read_request(request(Operation.GET_INSTANCE, listed))
    assert (read.operation, read.number, read.user) == (Operation.GET_INSTANCE, 7, "admin")
    assert read.properties == ("A", "B")
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
    written = form.value(value, cim_type, is_array=is_array)
    arguments = struct.pack("<I", 1) + form.text("X") + written
    method = b"\1" + form.text("Do")
    read = wire.read_request(request(Operation.INVOKE_METHOD, method + arguments))
    assert (read.words, read.arguments["X"]) == (("Do",), TypedValue(value, cim_type, is_array))


def test_embedded_instances() -> None:
    inner = form.value(INNER, "string", embedded=True)
    given = form.path(Path("T_Thing", ())) + struct.pack("<I", 1) + form.text("Part") + inner
    read = wire.read_request(request(Operation.CREATE_INSTANCE, given))
    assert read.instance is not None
    part = read.instance.properties["Part"].value
    assert isinstance(part, Instance)
    assert {name: typed.value for name, typed in part.properties.items()} == {"Name": "wheel", "Size": 4}


def test_moments_of_providers() -> None:
    moment = form.value(datetime(2026, 11, 25, tzinfo=UTC), "datetime")
    assert b"20261125000000.000000+000" in moment


@pytest.mark.parametrize("value", ["text", [1], 1.5])
def test_a_value_of_another_type(value: Value) -> None:
    with pytest.raises(TypeError):
        form.value(value, "uint8")


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


def test_what_the_cimom_is_asked_for() -> None:
    read = wire.read_asked(
        wire.asked(Operation.ASSOCIATORS, THING, properties=["A"], words=["X", *3 * [None]])
    )
    assert (read.path.identity, read.properties) == (THING.identity, ("A",))
    assert read.words == ("X", None, None, None)
    changed = Instance("T_Thing", {"N": TypedValue(3, "uint8"), "Part": TypedValue(INNER, "string")}, THING)
    read = wire.read_asked(wire.asked(Operation.MODIFY_INSTANCE, THING, properties=["N"], instance=changed))
    assert read.instance is not None
    assert read.instance.properties["N"] == TypedValue(3, "uint8")
    assert read.instance.properties["Part"].value.properties == INNER.properties  # type: ignore[union-attr]
    given = {
        "N": TypedValue(-1),
        "Of": TypedValue([BASE], "reference", is_array=True),
        "No": TypedValue(None),
    }
    read = wire.read_asked(wire.asked(Operation.INVOKE_METHOD, THING, words=["Do"], arguments=given))
    assert read.arguments["N"] == TypedValue(-1, "sint64")
    assert read.arguments["Of"].value[0].identity == BASE.identity  # type: ignore[index, union-attr]
    assert read.arguments["No"].value is None


def test_what_the_cimom_answers() -> None:
    named = form.item(form.path(THING))
    told = wire.read_told(wire.answer([named, form.item(form.path(BASE), form.named_values([]))]))
    assert [path.identity for path in told.paths] == [THING.identity]
    assert [each.classname for each in told.instances] == ["T_Base"]
    returned = form.value(4, "uint32") + form.named_values([("Out", form.value("x", "string"))])
    told = wire.read_told(wire.answer([], returned))
    assert (told.returned, told.out["Out"].value) == (TypedValue(4, "uint32"), "x")


@pytest.mark.parametrize(("code", "status"), [(6, Status.NOT_FOUND), (200, Status.FAILED)])
def test_what_the_cimom_refuses(code: int, status: Status) -> None:
    with pytest.raises(CIMError) as refused:
        wire.read_told(wire.refused(code, "no such thing"))
    assert (refused.value.status, str(refused.value)) == (status, "no such thing")


@given(st.binary())
def test_answers_that_are_none(data: bytes) -> None:
    try:
        wire.read_told(data)
    except (WireError, CIMError):
        return
