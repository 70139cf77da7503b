"""Answers as bytes, and what hostile values become in them (wbem standards X03, X09, X13; SEC-46, SEC-47)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from lxml import etree
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax

from esmd.wbem.cimxml.encode import Encoder
from esmd.wbem.cimxml.fragments import InstanceWriter, value_encoder
from esmd.wbem.results import Call, Classes, Count, Created, Instances, Nothing, Pulled, Returned, View
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import MethodResult, Row
from openesm.cim.values import DateTime, Instance, TypedValue, Value
from tests.esmd.wbem.forms import HOST, document, forms
from tests.esmd.wbem.small import EMPTY, FULL, NS, PART, group, schema
from tests.hostile import SAMPLES, TEXT, legal

PART_XML = (
    "&lt;INSTANCE CLASSNAME=&quot;T_Part&quot;&gt;&lt;PROPERTY NAME=&quot;Name&quot; TYPE=&quot;string&quot;"
    "&gt;&lt;VALUE&gt;wheel&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;PROPERTY NAME=&quot;Size&quot; "
    "TYPE=&quot;uint32&quot;&gt;&lt;VALUE&gt;4&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;"
)


@pytest.mark.parametrize(
    ("cim_type", "given_value", "text"),
    [
        pytest.param("uint64", 2**64 - 1, "18446744073709551615", id="uint64"),
        pytest.param("sint64", -(2**63), "-9223372036854775808", id="sint64"),
        pytest.param("boolean", False, "FALSE", id="boolean"),
        pytest.param("real32", 0.1, "0.1", id="real32"),
        pytest.param("real32", 25.28125, "25.28125", id="real32 to nine digits"),
        pytest.param("real64", 1e300, "1e+300", id="real64"),
        pytest.param("real64", 3, "3.0", id="whole real"),
        pytest.param("real64", float("-inf"), "-INF", id="infinity"),
        pytest.param("real64", float("nan"), "NaN", id="not a number"),
        pytest.param("char16", "&", "&amp;", id="char16"),
        pytest.param("string", "", "", id="empty string"),
        pytest.param(
            "string", "a&b<c>\"d\"'e'\r\n\t", "a&amp;b&lt;c&gt;&quot;d&quot;'e'&#13;\n\t", id="string"
        ),
        pytest.param("string", "\x00\ud800\ufffe", "\ufffd\ufffd\ufffd", id="what XML does not allow"),
        pytest.param("string", PART, PART_XML, id="embedded instance"),
        pytest.param(
            "datetime", datetime(2026, 11, 25, tzinfo=UTC), "20261125000000.000000+000", id="aware datetime"
        ),
        pytest.param("datetime", timedelta(hours=25), "00000001010000.000000:000", id="interval"),
        pytest.param(
            "datetime", DateTime.parse("2026**********.******+000"), "2026**********.******+000", id="wild"
        ),
    ],
)
def test_a_value(cim_type: str, given_value: Value, text: str) -> None:
    assert value_encoder(cim_type, False)(given_value) == f"<VALUE>{text}</VALUE>"


@pytest.mark.parametrize("is_array", [False, True])
@pytest.mark.parametrize("cim_type", ["string", "uint8", "real32", "boolean", "datetime", "reference"])
def test_null_is_no_value(cim_type: str, is_array: bool) -> None:
    assert value_encoder(cim_type, is_array)(None) == ""


@pytest.mark.parametrize(
    ("cim_type", "is_array", "wrong"),
    [
        pytest.param("uint8", False, "7", id="text for a number"),
        pytest.param("uint8", False, True, id="boolean for a number"),
        pytest.param("uint8", False, 1.5, id="real for an integer"),
        pytest.param("boolean", False, 1, id="number for a boolean"),
        pytest.param("real64", False, "1.0", id="text for a real"),
        pytest.param("datetime", False, "20261125000000.000000+000", id="text for a datetime"),
        pytest.param("datetime", False, datetime(2026, 11, 25), id="datetime without an offset"),
        pytest.param("string", False, 7, id="number for a string"),
        pytest.param("string", False, b"x", id="bytes"),
        pytest.param("string", True, "x", id="scalar for an array"),
        pytest.param("uint8", True, ["x"], id="text in an array of numbers"),
        pytest.param("reference", False, "T_Thing.Id=1", id="text for a reference"),
    ],
)
def test_a_value_of_another_type_is_an_error(cim_type: str, is_array: bool, wrong: Any) -> None:
    with pytest.raises(TypeError):
        value_encoder(cim_type, is_array)(wrong)


@pytest.mark.parametrize(
    ("cim_type", "wild"), [("uint8", 256), ("uint64", -1), ("sint32", 2**31), ("real32", 1e39)]
)
def test_a_number_gone_wild_empties_its_own_property_only(cim_type: str, wild: float) -> None:
    assert value_encoder(cim_type, False)(wild) == ""


@pytest.mark.parametrize(("cim_type", "wild"), [("uint8", 256), ("sint64", 2**63)])
def test_a_number_gone_wild_in_an_array_is_null(cim_type: str, wild: int) -> None:
    assert value_encoder(cim_type, True)([1, wild]) == (
        "<VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL></VALUE.NULL></VALUE.ARRAY>"
    )


def test_arrays_hold_null_and_nothing() -> None:
    assert value_encoder("string", True)(["", None]) == (
        "<VALUE.ARRAY><VALUE></VALUE><VALUE.NULL></VALUE.NULL></VALUE.ARRAY>"
    )
    assert value_encoder("uint8", True)(()) == "<VALUE.ARRAY></VALUE.ARRAY>"


NAMESPACES = '<NAMESPACE NAME="root"></NAMESPACE><NAMESPACE NAME="test"></NAMESPACE>'
LOCAL = f"<LOCALNAMESPACEPATH>{NAMESPACES}</LOCALNAMESPACEPATH>"
FULL_PATH = f"<NAMESPACEPATH><HOST>{HOST}</HOST>{LOCAL}</NAMESPACEPATH>"
NAME = (
    '<INSTANCENAME CLASSNAME="T_Slow"><KEYBINDING NAME="Id"><KEYVALUE VALUETYPE="string" TYPE="string">a'
    "</KEYVALUE></KEYBINDING></INSTANCENAME>"
)
SLOW = (
    '<INSTANCE CLASSNAME="T_Slow"><PROPERTY NAME="Id" TYPE="string"><VALUE>a</VALUE></PROPERTY>'
    '<PROPERTY NAME="Label" TYPE="string"></PROPERTY>'
    '<PROPERTY NAME="Reads" TYPE="uint32"><VALUE>5</VALUE></PROPERTY></INSTANCE>'
)
ROW: Row = {"Id": "a", "Reads": 5}
SLOWS = Instances([group("T_Slow", ROW)], View(), NS)


@pytest.mark.parametrize(
    ("operation", "content"),
    [
        pytest.param("GetInstance", SLOW, id="bare"),
        pytest.param(
            "EnumerateInstances", f"<VALUE.NAMEDINSTANCE>{NAME}{SLOW}</VALUE.NAMEDINSTANCE>", id="named"
        ),
        pytest.param(
            "Associators",
            f"<VALUE.OBJECTWITHPATH><INSTANCEPATH>{FULL_PATH}{NAME}</INSTANCEPATH>{SLOW}"
            "</VALUE.OBJECTWITHPATH>",
            id="object with path",
        ),
    ],
)
def test_instances(operation: str, content: str) -> None:
    answer = Encoder(HOST).result(Call(operation, NS, {}), NS, SLOWS)
    assert answer == (
        f'<IMETHODRESPONSE NAME="{operation}"><IRETURNVALUE>{content}</IRETURNVALUE></IMETHODRESPONSE>'
    )


def test_pulled_instances() -> None:
    call = Call("PullInstancesWithPath", NS, {})
    assert Encoder(HOST).result(call, NS, Pulled(SLOWS, "more")) == (
        '<IMETHODRESPONSE NAME="PullInstancesWithPath"><IRETURNVALUE><VALUE.INSTANCEWITHPATH><INSTANCEPATH>'
        f"{FULL_PATH}{NAME}</INSTANCEPATH>{SLOW}</VALUE.INSTANCEWITHPATH></IRETURNVALUE>"
        '<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>FALSE</VALUE></PARAMVALUE>'
        '<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string"><VALUE>more</VALUE></PARAMVALUE>'
        "</IMETHODRESPONSE>"
    )


def test_a_whole_answer() -> None:
    assert document(Call("DeleteInstance", NS, {}), Nothing()) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="4711" '
        b'PROTOCOLVERSION="1.0"><SIMPLERSP><IMETHODRESPONSE NAME="DeleteInstance"></IMETHODRESPONSE>'
        b"</SIMPLERSP></MESSAGE></CIM>\n"
    )


def test_an_error_stays_inside_its_attribute() -> None:
    refused = CIMError(Status.NOT_FOUND, 'no "x"\n<\x00>')
    assert Encoder(HOST).error(Call("Reset", NS, {}, "T_Thing"), refused, "en") == (
        '<METHODRESPONSE NAME="Reset"><ERROR CODE="6" DESCRIPTION="no &quot;x&quot;&#10;&lt;\ufffd&gt;">'
        "</ERROR></METHODRESPONSE>"
    )


def test_created_and_count() -> None:
    encoder = Encoder(HOST)
    created = encoder.result(Call("CreateInstance", NS, {}), NS, Created(Path("T_Slow", (("Id", "a"),), NS)))
    assert created == (
        f'<IMETHODRESPONSE NAME="CreateInstance"><IRETURNVALUE>{NAME}</IRETURNVALUE></IMETHODRESPONSE>'
    )
    count = Call("EnumerationCount", NS, {})
    assert "<IRETURNVALUE><VALUE>7</VALUE></IRETURNVALUE>" in encoder.result(count, NS, Count(7))
    assert "<IRETURNVALUE></IRETURNVALUE>" in encoder.result(count, NS, Count(None))


def test_a_method() -> None:
    out: Row = {"Total": 7, "Words": ["so", None]}
    types = {"Total": ("uint32", False), "Words": ("string", True)}
    returned = Returned("Scale", "uint32", MethodResult(0, out), types)
    assert Encoder(HOST).result(Call("scale", NS, {}, "T_Thing"), NS, returned) == (
        '<METHODRESPONSE NAME="Scale"><RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>'
        '<PARAMVALUE NAME="Total" PARAMTYPE="uint32"><VALUE>7</VALUE></PARAMVALUE>'
        '<PARAMVALUE NAME="Words" PARAMTYPE="string"><VALUE.ARRAY><VALUE>so</VALUE>'
        "<VALUE.NULL></VALUE.NULL></VALUE.ARRAY></PARAMVALUE></METHODRESPONSE>"
    )


def test_an_embedded_output_parameter_says_so() -> None:
    returned = Returned("Echo", "string", MethodResult("x", {"Part": PART}), {"Part": ("string", False)})
    text = document(Call("Echo", NS, {}, "T_Thing"), returned)
    parameter = ElementTree.fromstring(text).find(".//PARAMVALUE")
    assert parameter is not None
    assert (parameter.get("EmbeddedObject"), parameter.get("PARAMTYPE")) == ("instance", "string")


def test_references_name_their_namespace_and_no_host() -> None:
    encode = value_encoder("reference", False, NS)
    for path in (Path("T_Slow", (("Id", "a"),)), Path("T_Slow", (("Id", "a"),), NS, "elsewhere")):
        assert (
            encode(path)
            == f"<VALUE.REFERENCE><LOCALINSTANCEPATH>{LOCAL}{NAME}</LOCALINSTANCEPATH></VALUE.REFERENCE>"
        )


def test_class_declaration() -> None:
    cls = schema().namespaces[NS].get("T_Slow")
    assert cls is not None
    text = Encoder(HOST).result(Call("GetClass", NS, {}), NS, Classes([cls], NS, class_origin=True))
    assert (
        '<CLASS NAME="T_Slow" SUPERCLASS="T_Base"><PROPERTY NAME="Id" TYPE="string" CLASSORIGIN="T_Base" '
        'PROPAGATED="true"><QUALIFIER NAME="Key" TYPE="boolean" OVERRIDABLE="false">'
        "<VALUE>TRUE</VALUE></QUALIFIER></PROPERTY>"
    ) in text
    assert 'NAME="Abstract"' not in text


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(None, ["Id", "Label", "Reads"], id="all"),
        pytest.param(frozenset(), [], id="none"),
        pytest.param(frozenset({"reads", "nosuch"}), ["Reads"], id="one, and an unknown one"),
    ],
)
def test_property_list(names: frozenset[str] | None, shown: list[str]) -> None:
    cls = schema().namespaces[NS].get("T_Slow")
    assert cls is not None
    element = ElementTree.fromstring("".join(InstanceWriter(cls, names, True, NS).write([ROW])))
    assert [child.get("NAME") for child in element] == shown
    origins = {"Id": "T_Base", "Label": "T_Base", "Reads": "T_Slow"}
    assert [child.get("CLASSORIGIN") for child in element] == [origins[name] for name in shown]


def test_an_undeclared_property_is_an_error() -> None:
    cls = schema().namespaces[NS].get("T_Slow")
    assert cls is not None
    with pytest.raises(TypeError):
        list(InstanceWriter(cls, None, False, NS).write([{"Id": "a", "Colour": "red"}]))


# -- hostile values


def hostile_row(text: str) -> Row:
    """A row that holds `text` wherever the class has a string."""
    embedded = Instance("T_Part", {"Name": TypedValue(text, "string")})
    return {**FULL, "Id": text, "S": text, "Label": text, "Ss": [text, None, text], "Part": embedded}


def by_element_tree(document: bytes) -> Iterator[str | None]:
    return (element.text for element in ElementTree.fromstring(document).iter())


def by_lxml(document: bytes) -> Iterator[str | None]:
    return (element.text for element in etree.fromstring(document, etree.XMLParser(huge_tree=True)).iter())


def by_pywbem(document: bytes) -> Iterator[str | None]:
    tree = xml_to_tupletree_sax(document, "answer")
    pending = [tree]
    while pending:
        _, _, children = pending.pop()
        pending.extend(child for child in children if not isinstance(child, str))
        yield "".join(child for child in children if isinstance(child, str)) or None


PARSERS = [
    pytest.param(by_element_tree, id="ElementTree"),
    pytest.param(by_lxml, id="lxml"),
    pytest.param(by_pywbem, id="pywbem"),
]
Parser = Callable[[bytes], Iterator[str | None]]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("text", SAMPLES, ids=lambda text: ascii(text)[:30])
def test_every_form_parses_whatever_strings_it_holds(text: str, parse: Parser) -> None:
    for call, result in forms("T_All", [hostile_row(text), EMPTY], text):
        found = list(parse(document(call, result)))
        assert found, call.name


@pytest.mark.parametrize("parse", PARSERS)
@given(text=TEXT)
@settings(deadline=None, max_examples=25)
def test_what_is_legal_comes_back_exactly(text: str, parse: Parser) -> None:
    answer = Instances([group("T_All", hostile_row(text))], View(frozenset({"s"})), NS, single=True)
    found = list(parse(document(Call("GetInstance", NS, {}), answer)))
    assert (legal(text) or None) in found
    assert {t for t in found if t} <= {legal(text)}


@given(text=TEXT)
@settings(deadline=None, max_examples=25)
def test_an_embedded_instance_comes_back_through_two_layers(text: str) -> None:
    inner = ElementTree.fromstring(value_encoder("string", False)(hostile_row(text)["Part"])).text
    assert inner is not None
    value = ElementTree.fromstring(inner).find(".//VALUE")
    assert value is not None
    assert (value.text or "") == legal(text)


@given(text=TEXT)
@settings(deadline=None, max_examples=25)
def test_a_client_reads_the_instance_back(text: str) -> None:
    rows = group("T_All", {**hostile_row(text), "S64s": [1, -1]})  # pywbem reads no NULL among numbers
    answer = document(Call("EnumerateInstances", NS, {}), Instances([rows], View(), NS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = TupleParser().parse_cim(xml_to_tupletree_sax(answer, "answer"))
    instance = found[2][2][2][2][0][2][0]
    assert instance["S"] == legal(text)
    assert instance["Ss"] == [legal(text), None, legal(text)]
    assert instance.path["Id"] == legal(text)
    assert instance["Part"]["Name"] == legal(text)
