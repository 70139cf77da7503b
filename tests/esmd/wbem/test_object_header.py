"""The CIMObject header, and whether it names what the body says (wbem standards H06)."""

from __future__ import annotations

import pytest

from esmd.wbem.cimxml.object_header import ObjectHeader, parse_object, same_object
from esmd.wbem.results import Call
from openesm.cim.path import KeyValue, Path
from openesm.cim.values import DateTime

NS = "root/ESMPRO/AS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("root/ESMPRO/AS", ObjectHeader("root/esmpro/as"), id="namespace"),
        pytest.param("/root/", ObjectHeader("root"), id="slashes at the ends"),
        pytest.param("root:C", ObjectHeader("root", "c"), id="class"),
        pytest.param('root:C.K="v"', ObjectHeader("root", "c", frozenset({("k", "v")})), id="instance"),
        pytest.param(
            'r:C.B=2,a="x,y=\\"z\\\\"',
            ObjectHeader("r", "c", frozenset({("b", "2"), ("a", 'x,y="z\\')})),
            id="escapes, commas and equals inside quotes",
        ),
        pytest.param('r:C.K=""', ObjectHeader("r", "c", frozenset({("k", "")})), id="empty value"),
        pytest.param("", None, id="nothing"),
        pytest.param('r:C.K="v', None, id="open quote"),
        pytest.param("r:C.K", None, id="key without a value"),
        pytest.param("r:C.", None, id="no keys after the dot"),
        pytest.param("r:", None, id="no class after the colon"),
        pytest.param('r:C.K="v"x', None, id="text after the quote"),
        pytest.param("a:b:c", None, id="two colons"),
    ],
)
def test_reading(text: str, expected: ObjectHeader | None) -> None:
    assert parse_object(text) == expected


def method_on(*keys: tuple[str, KeyValue]) -> Call:
    return Call("Reset", NS, {}, Path("ESM_Fan", keys, NS))


OPERATION = Call("GetInstance", NS, {})
STATIC = Call("Reset", NS, {}, "ESM_Fan")
INTERVAL = DateTime.parse("00000001000000.000000:000")


@pytest.mark.parametrize(
    ("text", "call", "same"),
    [
        pytest.param("root/esmpro/as", OPERATION, True, id="case of a namespace"),
        pytest.param("root/ESMPRO", OPERATION, False, id="another namespace"),
        pytest.param("root/ESMPRO/AS:ESM_Fan", OPERATION, False, id="a class for an operation"),
        pytest.param("root/ESMPRO/AS:esm_fan", STATIC, True, id="static method"),
        pytest.param("root/ESMPRO/AS", STATIC, False, id="only a namespace for a method"),
        pytest.param('root/ESMPRO/AS:ESM_Fan.A="1"', STATIC, False, id="an instance for a class"),
        pytest.param("root/ESMPRO/AS:ESM_Fan", method_on(("A", "1")), False, id="a class for an instance"),
        pytest.param(
            'root/ESMPRO/AS:ESM_Fan.b=2,A="x"', method_on(("A", "x"), ("B", 2)), True, id="order of keys"
        ),
        pytest.param('root/ESMPRO/AS:ESM_Fan.A="X"', method_on(("A", "x")), False, id="case of a value"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=0x7", method_on(("A", 7)), True, id="hexadecimal"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=+07", method_on(("A", 7)), True, id="sign and zero"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=8", method_on(("A", 7)), False, id="another number"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=x", method_on(("A", 7)), False, id="no number"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=true", method_on(("A", True)), True, id="boolean"),
        pytest.param("root/ESMPRO/AS:ESM_Fan.A=false", method_on(("A", True)), False, id="other boolean"),
        pytest.param(
            'root/ESMPRO/AS:ESM_Fan.A="00000001000000.000000:000"',
            method_on(("A", INTERVAL)),
            True,
            id="datetime",
        ),
        pytest.param(
            'root/ESMPRO/AS:ESM_Fan.R="root:C.K=1"',
            method_on(("R", Path("C", (("K", 1),)))),
            True,
            id="a reference is left to the body",
        ),
        pytest.param('root/ESMPRO/AS:ESM_Fan.A="1"', method_on(("A", "1"), ("B", 2)), False, id="a key less"),
    ],
)
def test_against_the_body(text: str, call: Call, same: bool) -> None:
    assert same_object(parse_object(text), call) is same


def test_no_path_names_nothing() -> None:
    assert not same_object(None, OPERATION)
