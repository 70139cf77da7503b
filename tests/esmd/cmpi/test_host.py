"""The providers as a foreign CIMOM gets them: the same answers, and errors that end nothing."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from esmd.cmpi import form
from esmd.cmpi.form import RowWriter
from esmd.cmpi.host import CmpiHost
from esmd.cmpi.wire import Operation
from openesm.cim.errors import Status
from openesm.cim.path import Path
from tests.esmd.cmpi.test_wire import NO_LIST
from tests.esmd.wbem.small import NS, World, schema

ONE = Path("T_Thing", (("Id", "one"),), NS)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def host(world: World) -> Iterator[CmpiHost]:
    with closing(CmpiHost(world.operations, "en", {})) as made:
        yield made


def request(operation: Operation, path: Path, rest: bytes = b"") -> bytes:
    return bytes([operation]) + bytes(8) + form.text("root") + form.path(path) + rest


def head(answer: bytes) -> tuple[int, str, int]:
    """Status, reason, and number of items."""
    (status, length) = struct.unpack_from("<II", answer)
    reason = answer[8 : 8 + length].decode()
    (count,) = struct.unpack_from("<I", answer, 9 + length)
    return status, reason, count


def of_class(name: str) -> Path:
    return Path(name, (), NS)


def test_enumerate_gives_one_class_as_the_cimom_asks_for_each(host: CmpiHost) -> None:
    for operation, rest in (
        (Operation.ENUMERATE_INSTANCE_NAMES, b""),
        (Operation.ENUMERATE_INSTANCES, NO_LIST),
    ):
        assert head(host.answer(request(operation, of_class("T_All"), rest)))[::2] == (0, 2)
        assert head(host.answer(request(operation, of_class("T_More"), rest)))[::2] == (0, 1)


def test_get_with_a_property_list(host: CmpiHost) -> None:
    listed = struct.pack("<I", 1) + form.text("Note")
    answer = host.answer(request(Operation.GET_INSTANCE, ONE, listed))
    assert head(answer)[::2] == (0, 1)
    assert form.text("first") in answer
    assert form.text("Serial") not in answer


def test_an_answer_is_kept_until_something_changes(host: CmpiHost, world: World) -> None:
    asked = request(Operation.ENUMERATE_INSTANCES, of_class("T_Thing"), NO_LIST)
    first = host.answer(asked)
    assert host.answer(asked) == first
    world.things["one"]["Note"] = "other"
    world.clock.seconds += 5
    assert form.text("other") in host.answer(asked)


def test_modify_create_and_delete(host: CmpiHost, world: World) -> None:
    def instance(*values: tuple[str, bytes]) -> bytes:
        return form.path(of_class("T_Thing")) + form.named_values(values)

    level = ("Level", form.value(7, "uint16"))
    assert head(host.answer(request(Operation.MODIFY_INSTANCE, ONE, NO_LIST + instance(level))))[0] == 0
    assert world.things["one"]["Level"] == 7
    new = instance(("Id", form.value("new", "string")), level)
    created = host.answer(request(Operation.CREATE_INSTANCE, of_class("T_Thing"), new))
    assert head(created)[::2] == (0, 1)
    assert "new" in world.things
    named = Path("T_Thing", (("Id", "new"),), NS)
    assert head(host.answer(request(Operation.DELETE_INSTANCE, named)))[0] == 0
    assert "new" not in world.things


def test_a_method(host: CmpiHost) -> None:
    arguments = form.named_values([("By", form.value(5, "uint32")), ("Total", form.value(1, "uint32"))])
    answer = host.answer(request(Operation.INVOKE_METHOD, ONE, b"\1" + form.text("Scale") + arguments))
    assert head(answer)[0] == 0
    words = form.value(["so", None], "string", is_array=True)
    assert answer.endswith(
        form.value(0, "uint32") + form.named_values([("Total", form.value(6, "uint32")), ("Words", words)])
    )


def test_associations(host: CmpiHost) -> None:
    association = b"\1" + form.text("T_Peer")
    walk = NO_LIST + association + b"\0\0\0"
    assert head(host.answer(request(Operation.ASSOCIATORS, ONE, walk)))[::2] == (0, 1)
    assert head(host.answer(request(Operation.REFERENCE_NAMES, ONE, association + b"\0")))[::2] == (0, 2)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request(Operation.GET_INSTANCE, Path("T_Thing", (("Id", "none"),), NS), NO_LIST), Status.NOT_FOUND),
        (request(Operation.ENUMERATE_INSTANCE_NAMES, of_class("T_None")), Status.INVALID_CLASS),
        (request(Operation.ENUMERATE_INSTANCE_NAMES, of_class("T_Broken")), Status.FAILED),
        (request(Operation.ENUMERATE_INSTANCES, of_class("T_Liar"), NO_LIST), Status.FAILED),
        (request(Operation.DELETE_INSTANCE, Path("T_Slow", (("Id", "slow"),), NS)), Status.NOT_SUPPORTED),
        (b"\xff", Status.FAILED),
        (b"", Status.FAILED),
    ],
)
def test_errors_have_code_and_text(host: CmpiHost, asked: bytes, status: Status) -> None:
    told, reason, _ = head(host.answer(asked))
    assert told == status
    assert reason


def test_a_provider_that_hangs_holds_up_nobody_else() -> None:
    ready, go = threading.Event(), threading.Event()

    def slow() -> int:
        ready.set()
        go.wait(10)
        return 1

    with closing(CmpiHost(World(slow=slow).operations, "en", {})) as host:
        answers: list[bytes] = []

        def hang() -> None:
            answers.append(host.answer(request(Operation.ENUMERATE_INSTANCE_NAMES, of_class("T_Slow"))))

        thread = threading.Thread(target=hang)
        thread.start()
        assert ready.wait(10)
        assert head(host.answer(request(Operation.GET_INSTANCE, ONE, NO_LIST)))[0] == 0
        go.set()
        thread.join(10)
        assert head(answers[0])[::2] == (0, 1)


def test_rows_without_a_value_are_null() -> None:
    cls = schema().namespaces[NS].get("T_Part")
    assert cls is not None
    written = RowWriter(cls, frozenset({"name"})).write({"Name": None})
    assert written == form.named_values([("Name", form.value(None, "string"))])
