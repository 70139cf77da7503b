"""The answer of every operation in every form that the standard gives it, made of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from esmd.wbem.cimxml.encode import CLOSING, Encoder, opening
from esmd.wbem.results import (
    Call,
    Classes,
    ClassNames,
    Count,
    Created,
    Instances,
    Nothing,
    Paths,
    PropertyValue,
    Pulled,
    QualifierTypes,
    Result,
    Returned,
    View,
)
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import MethodResult, Row
from tests.esmd.wbem.small import NS, group, schema

HOST = "server1.example.com"
NAMED = ("EnumerateInstances",)
WITH_PATH = (
    "OpenEnumerateInstances",
    "OpenAssociatorInstances",
    "OpenReferenceInstances",
    "PullInstancesWithPath",
)
OBJECTS = ("Associators", "References", "ExecQuery")
BARE = ("GetInstance", "OpenQueryInstances", "PullInstances")
PATHS = (
    "EnumerateInstanceNames",
    "AssociatorNames",
    "ReferenceNames",
    "OpenEnumerateInstancePaths",
    "OpenAssociatorInstancePaths",
    "OpenReferenceInstancePaths",
    "PullInstancePaths",
)
PULLED = frozenset(name for name in (*WITH_PATH, *BARE, *PATHS) if name.startswith(("Open", "Pull")))


def document(call: Call, result: Result | CIMError) -> bytes:
    """The whole answer."""
    encoder = Encoder(HOST)
    content = (
        encoder.error(call, result, "en")
        if isinstance(result, CIMError)
        else encoder.result(call, call.namespace, result)
    )
    return opening("4711", "1.0") + (content + CLOSING).encode("utf-8")


def forms(classname: str, rows: Sequence[Row], text: str) -> Iterator[tuple[Call, Result | CIMError]]:
    """Every operation that answers with rows; `text` stands where an answer holds one string."""
    yield from _instances(classname, rows, text)
    cls = schema().namespaces[NS].get(classname)
    assert cls is not None
    for prop in cls.properties.values():
        for row in rows[:1]:
            yield _call("GetProperty"), PropertyValue(prop, row.get(prop.name))
    yield _call("CreateInstance"), Created(group(classname).path(rows[0]))
    for name in ("ModifyInstance", "DeleteInstance", "SetProperty", "CloseEnumeration"):
        yield _call(name), Nothing()
    for count in (0, 7, None):
        yield _call("EnumerationCount"), Count(count)
    yield from _methods(rows, text)
    for status in Status:
        yield _call("GetInstance"), CIMError(status, text)
        yield _call("Echo", "T_Thing"), CIMError(status, text)


def _call(name: str, target: Path | str | None = None, **given: Any) -> Call:
    return Call(name, NS, given, target)


def _instances(classname: str, rows: Sequence[Row], text: str) -> Iterator[tuple[Call, Result | CIMError]]:
    for name in (*NAMED, *WITH_PATH, *OBJECTS, *BARE, *PATHS):
        single = name == "GetInstance"
        groups = [group(classname, *(rows[:1] if single else rows))]
        for view in (View(), View(frozenset(), True), View(frozenset({"s", "id"}), True)):
            content = Paths(groups, NS) if name in PATHS else Instances(groups, view, NS, single)
            if name not in PULLED:
                yield _call(name), content
            else:
                yield _call(name), Pulled(content, "")
                yield _call(name), Pulled(content, text or "more")


def class_forms() -> Iterator[tuple[Call, Result]]:
    """Every operation that answers with declarations."""
    space = schema().namespaces[NS]
    every = list(space.classes())
    for local_only in (True, False):
        for shown in (True, False):
            options = {"local_only": local_only, "qualifiers": shown, "class_origin": shown}
            yield _call("EnumerateClasses"), Classes(every, NS, None, **options)
            yield _call("Associators"), Classes(every, NS, None, with_paths=True, **options)
    for cls in every:
        yield _call("GetClass"), Classes([cls], NS, frozenset({"id"}))
    names = [cls.name for cls in every]
    yield _call("EnumerateClassNames"), ClassNames(names, NS)
    yield _call("AssociatorNames"), ClassNames(names, NS, with_paths=True)
    yield _call("EnumerateQualifiers"), QualifierTypes(list(space.qualifier_types.values()))
    for found in space.qualifier_types.values():
        yield _call("GetQualifier"), QualifierTypes([found])


def _methods(rows: Sequence[Row], text: str) -> Iterator[tuple[Call, Result]]:
    cls = schema().namespaces[NS].get("T_Thing")
    assert cls is not None
    where = Path("T_Thing", (("Id", text),), NS)
    echo = cls.methods["echo"]
    types: Mapping[str, tuple[str, bool]] = {
        p.name: (p.type, p.is_array) for p in echo.parameters if p.is_out
    }
    for row in rows:
        out: Row = {
            "Text": text,
            "At": row.get("At"),
            "Flags": row.get("Bs"),
            "Which": where,
            "Part": row.get("Part"),
        }
        yield _call("Echo", where), Returned("Echo", "string", MethodResult(text, out), types)
    nothing: Row = dict.fromkeys(types)
    yield _call("Echo", where), Returned("Echo", "string", MethodResult(None, nothing), types)
    yield _call("Count", "T_Thing"), Returned("Count", "uint32", MethodResult(2), {})
