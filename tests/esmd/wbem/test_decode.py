"""Requests as clients spell them, and what is wrong with those that nobody should send (wbem standards 2)."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest

from esmd.wbem.cimxml.decode import decode
from openesm.cim.errors import Status
from openesm.cim.path import Path
from openesm.cim.values import DateTime, Instance, TypedValue
from tests.esmd.wbem.requests import (
    PART,
    WBEMCLI,
    array,
    classname,
    creating,
    envelope,
    extrinsic,
    instance,
    instancename,
    intrinsic,
    key,
    local_instance_path,
    local_path,
    nested,
    parameter,
    prop,
    value,
)

THING = instancename("T_Thing", Id="one")
ONE = Path("T_Thing", (("Id", "one"),))


def test_a_whole_request_with_line_breaks_between_elements() -> None:
    request = decode(WBEMCLI)
    assert (request.message_id, request.protocol_version, request.intrinsic) == ("4711", "1.0", True)
    assert (request.call.name, request.call.namespace, request.call.target) == (
        "EnumerateInstances",
        "root/test",
        None,
    )
    assert request.call.arguments == {
        "classname": "T_Thing",
        "deepinheritance": True,
        "localonly": False,
        "includequalifiers": False,
        "includeclassorigin": True,
    }


@pytest.mark.parametrize(
    ("operation", "name", "content", "expected"),
    [
        pytest.param("EnumerateClassNames", "ClassName", "", None, id="no value"),
        pytest.param("EnumerateClassNames", "ClassName", '<CLASSNAME NAME=""/>', "", id="empty class name"),
        pytest.param("EnumerateClassNames", "DeepInheritance", value(" true "), True, id="boolean"),
        pytest.param("GetClass", "PropertyList", array("A", "B"), ["A", "B"], id="list"),
        pytest.param("GetClass", "PropertyList", "<VALUE.ARRAY/>", [], id="empty list"),
        pytest.param("GetClass", "propertylist", value("A"), ["A"], id="one value for a list"),
        pytest.param("GetInstance", "InstanceName", THING, ONE, id="instance name"),
        pytest.param(
            "GetInstance", "InstanceName", instancename("T_Thing"), Path("T_Thing", ()), id="no keys"
        ),
        pytest.param(
            "GetInstance",
            "InstanceName",
            '<INSTANCENAME CLASSNAME="T_Thing"><KEYVALUE VALUETYPE="string">one</KEYVALUE></INSTANCENAME>',
            Path("T_Thing", (("", "one"),)),
            id="a key without its name",
        ),
        pytest.param("Associators", "ObjectName", THING, ONE, id="object: instance"),
        pytest.param("Associators", "ObjectName", classname("T_Thing"), "T_Thing", id="object: class"),
        pytest.param("PullInstancePaths", "MaxObjectCount", value("0x10"), 16, id="uint32"),
        pytest.param(
            "OpenEnumerateInstances", "OperationTimeout", value(4294967295), 2**32 - 1, id="uint32 max"
        ),
        pytest.param("ExecQuery", "Query", value("A &lt; B &amp;&#10;C"), "A < B &\nC", id="string"),
        pytest.param("ExecQuery", "Query", "<VALUE/>", "", id="empty string"),
        pytest.param("SetProperty", "NewValue", value("5"), TypedValue("5"), id="untyped value"),
        pytest.param(
            "SetProperty",
            "NewValue",
            "<VALUE.ARRAY><VALUE>a</VALUE><VALUE.NULL/></VALUE.ARRAY>",
            TypedValue(["a", None], "", True),
            id="untyped array",
        ),
        pytest.param(
            "ModifyInstance",
            "ModifiedInstance",
            f"<VALUE.NAMEDINSTANCE>{THING}{instance('T_Thing')}</VALUE.NAMEDINSTANCE>",
            Instance("T_Thing", {}, ONE),
            id="named instance",
        ),
    ],
)
def test_parameters(operation: str, name: str, content: str, expected: Any) -> None:
    call = decode(intrinsic(operation, parameter(name, content))).call
    assert call.problem is None
    assert call.arguments == {name.lower(): expected}


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        pytest.param(key("K", "x y"), "x y", id="string"),
        pytest.param(key("K", " x "), " x ", id="blanks stay"),
        pytest.param(key("K", True), True, id="boolean"),
        pytest.param(key("K", -3), -3, id="negative"),
        pytest.param(key("K", 2**64 - 1), 2**64 - 1, id="uint64"),
        pytest.param(key("K", 1.5), 1.5, id="real"),
        pytest.param('<KEYBINDING NAME="K"><KEYVALUE>7</KEYVALUE></KEYBINDING>', "7", id="no VALUETYPE"),
        pytest.param(
            '<KEYBINDING NAME="K"><KEYVALUE VALUETYPE="numeric">+0x1F</KEYVALUE></KEYBINDING>',
            31,
            id="hexadecimal",
        ),
        pytest.param(
            f'<KEYBINDING NAME="K"><VALUE.REFERENCE>{THING}</VALUE.REFERENCE></KEYBINDING>',
            ONE,
            id="reference by name",
        ),
        pytest.param(
            '<KEYBINDING NAME="K"><VALUE.REFERENCE>'
            f"{local_instance_path('T_Thing', 'root/x', Id='one')}</VALUE.REFERENCE></KEYBINDING>",
            Path("T_Thing", (("Id", "one"),), "root/x"),
            id="reference with a namespace",
        ),
        pytest.param(
            '<KEYBINDING NAME="K"><VALUE.REFERENCE><INSTANCEPATH><NAMESPACEPATH><HOST>h:1</HOST>'
            f"{local_path('root/x')}</NAMESPACEPATH>{THING}</INSTANCEPATH></VALUE.REFERENCE></KEYBINDING>",
            Path("T_Thing", (("Id", "one"),), "root/x", "h:1"),
            id="reference with a host",
        ),
    ],
)
def test_keys(binding: str, expected: object) -> None:
    name = f'<INSTANCENAME CLASSNAME="C">{binding}</INSTANCENAME>'
    call = decode(intrinsic("GetInstance", parameter("InstanceName", name))).call
    found = call.arguments["instancename"].get("k")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(prop("P", "string"), TypedValue(None, "string"), id="NULL"),
        pytest.param(prop("P", "string", "<VALUE/>"), TypedValue("", "string"), id="empty is not NULL"),
        pytest.param(prop("P", "string", value(" a ")), TypedValue(" a ", "string"), id="blanks"),
        pytest.param(
            prop("P", "uint64", value(" 18446744073709551615 ")), TypedValue(2**64 - 1, "uint64"), id="u64"
        ),
        pytest.param(prop("P", "sint8", value("-0x80")), TypedValue(-128, "sint8"), id="s8 in hex"),
        pytest.param(prop("P", "boolean", value("fAlSe")), TypedValue(False, "boolean"), id="boolean"),
        pytest.param(prop("P", "real32", value("1.5E2")), TypedValue(150.0, "real32"), id="real"),
        pytest.param(prop("P", "char16", value("ß")), TypedValue("ß", "char16"), id="char16"),
        pytest.param(
            prop("P", "datetime", value("00000001000000.000000:000")),
            TypedValue(DateTime.parse("00000001000000.000000:000"), "datetime"),
            id="datetime",
        ),
        pytest.param(
            '<PROPERTY.ARRAY NAME="P" TYPE="uint8"><VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL/></VALUE.ARRAY>'
            "</PROPERTY.ARRAY>",
            TypedValue([1, None], "uint8", True),
            id="array",
        ),
        pytest.param(
            '<PROPERTY.ARRAY NAME="P" TYPE="uint8"/>', TypedValue(None, "uint8", True), id="NULL array"
        ),
        pytest.param(
            f'<PROPERTY.REFERENCE NAME="P"><VALUE.REFERENCE>{THING}</VALUE.REFERENCE></PROPERTY.REFERENCE>',
            TypedValue(ONE, "reference"),
            id="reference",
        ),
        pytest.param(
            prop("P", "string", value(escape(PART)), ' EmbeddedObject="instance"'),
            TypedValue(Instance("T_Part", {"Name": TypedValue("wheel", "string")}), "string"),
            id="embedded instance",
        ),
        pytest.param(
            prop("P", "string", value(f"<![CDATA[{PART}]]>"), ' EMBEDDEDOBJECT="instance"'),
            TypedValue(Instance("T_Part", {"Name": TypedValue("wheel", "string")}), "string"),
            id="embedded in CDATA, old spelling",
        ),
        pytest.param(
            '<PROPERTY NAME="P" TYPE="string"><QUALIFIER NAME="Key" TYPE="boolean"><VALUE>true</VALUE>'
            "</QUALIFIER><VALUE>v</VALUE></PROPERTY>",
            TypedValue("v", "string"),
            id="with the qualifiers that wbemcli copies",
        ),
    ],
)
def test_properties(text: str, expected: TypedValue) -> None:
    call = decode(intrinsic("CreateInstance", parameter("NewInstance", instance("C", [text])))).call
    assert call.arguments["newinstance"] == Instance("C", {"P": expected})


TARGET = local_instance_path("T_Thing", Id="one")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('<PARAMVALUE NAME="Value"/>', TypedValue(None), id="NULL"),
        pytest.param('<PARAMVALUE NAME="Value"><VALUE>5</VALUE></PARAMVALUE>', TypedValue("5"), id="untyped"),
        pytest.param(
            '<PARAMVALUE NAME="Value" PARAMTYPE="uint32"><VALUE>5</VALUE></PARAMVALUE>',
            TypedValue(5, "uint32"),
            id="typed",
        ),
        pytest.param(
            '<PARAMVALUE NAME="Value" PARAMTYPE="string"><VALUE.ARRAY><VALUE>a</VALUE></VALUE.ARRAY>'
            "</PARAMVALUE>",
            TypedValue(["a"], "string", True),
            id="array",
        ),
        pytest.param(
            f'<PARAMVALUE NAME="Value" PARAMTYPE="reference"><VALUE.REFERENCE>{THING}</VALUE.REFERENCE>'
            "</PARAMVALUE>",
            TypedValue(ONE, "reference"),
            id="reference",
        ),
        pytest.param(
            '<PARAMVALUE NAME="Value" PARAMTYPE="reference"><VALUE.REFARRAY>'
            f"<VALUE.REFERENCE>{THING}</VALUE.REFERENCE></VALUE.REFARRAY></PARAMVALUE>",
            TypedValue([ONE], "reference", True),
            id="references",
        ),
        pytest.param(
            f'<PARAMVALUE NAME="Value">{PART}</PARAMVALUE>',
            TypedValue(Instance("T_Part", {"Name": TypedValue("wheel", "string")}), "string"),
            id="instance by value",
        ),
    ],
)
def test_method_parameters(text: str, expected: TypedValue) -> None:
    request = decode(extrinsic("Scale", TARGET, text))
    assert not request.intrinsic
    assert request.call.target == Path("T_Thing", (("Id", "one"),), "root/test")
    assert request.call.arguments == {"value": expected}


def test_a_method_on_a_class() -> None:
    call = decode(
        extrinsic("Count", f"<LOCALCLASSPATH>{local_path()}{classname('T_Thing')}</LOCALCLASSPATH>")
    ).call
    assert (call.name, call.namespace, call.target, call.arguments) == ("Count", "root/test", "T_Thing", {})


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        pytest.param(
            intrinsic("GetClass", parameter("Depth", value(1))),
            Status.INVALID_PARAMETER,
            id="unknown parameter",
        ),
        pytest.param(
            intrinsic("GetClass", *[parameter("ClassName", classname("C"))] * 2),
            Status.INVALID_PARAMETER,
            id="parameter twice",
        ),
        pytest.param(
            extrinsic("Scale", TARGET, *['<PARAMVALUE NAME="By"/>'] * 2),
            Status.INVALID_PARAMETER,
            id="parameter of a method twice",
        ),
    ],
)
def test_what_waits_for_rights_and_namespace_to_be_looked_at(request_body: bytes, status: Status) -> None:
    problem = decode(request_body).call.problem
    assert problem is not None
    assert problem.status is status


def test_an_unknown_operation_is_for_the_operations_to_refuse() -> None:
    call = decode(intrinsic("FindEverything", parameter("Anything", "<VALUE/>"))).call
    assert (call.name, call.arguments, call.problem) == ("FindEverything", {}, None)


def test_three_levels_of_embedding_are_read() -> None:
    text = prop("P", "string", value(escape(nested(3))), ' EmbeddedObject="instance"')
    found = decode(creating(text)).call.arguments["newinstance"].get("P")
    for _ in range(3):
        found = found.value.get("Inner")
    assert found.value.get("Name") == TypedValue("wheel", "string")


def test_batches_and_exports_are_told_apart() -> None:
    batch = decode(envelope("<MULTIREQ/>"))
    export = decode(envelope("<SIMPLEEXPREQ/>"))
    both = decode(envelope("<MULTIEXPREQ/>"))
    assert (batch.is_batch, batch.is_export) == (True, False)
    assert (export.is_batch, export.is_export) == (False, True)
    assert (both.is_batch, both.is_export) == (True, True)
