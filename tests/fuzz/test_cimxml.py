"""CIM-XML requests: read, or refused with a status and a CIMError of DSP0200 6.3.4."""

from __future__ import annotations

import re
from copy import deepcopy
from xml.etree import ElementTree

import pytest
from hypothesis import strategies as st

from esmd.wbem.cimxml.decode import Request, decode
from esmd.wbem.cimxml.object_header import parse_object
from esmd.wbem.http1 import HttpError
from openesm.cim.values import CIM_TYPES, parse_scalar
from tests.esmd.wbem.requests import (
    array,
    classname,
    extrinsic,
    instance,
    instancename,
    intrinsic,
    local_instance_path,
    parameter,
    prop,
    value,
)
from tests.fuzz.hunt import broken, broken_text, hunt, rearranged

THING = instancename("T_Thing", Id="one", Number=5, Flag=True)
REFERENCE = f"<VALUE.REFERENCE>{THING}</VALUE.REFERENCE>"
EMBEDDED = "&lt;INSTANCE CLASSNAME=&quot;T_Part&quot;&gt;&lt;/INSTANCE&gt;"
SAMPLES = (
    intrinsic("GetInstance", parameter("InstanceName", THING), parameter("PropertyList", array("A", "B"))),
    intrinsic(
        "EnumerateInstances", parameter("ClassName", classname("T")), parameter("LocalOnly", value("TRUE"))
    ),
    intrinsic(
        "CreateInstance",
        parameter(
            "NewInstance",
            instance(
                "T_Thing",
                [
                    prop("Id", "string", value("x &amp; <![CDATA[y]]>")),
                    prop("Level", "uint16", value("0x1F")),
                    prop("When", "datetime", value("20260102030405.000000+000")),
                    prop("Part", "string", value(EMBEDDED), ' EmbeddedObject="instance"'),
                    f'<PROPERTY.ARRAY NAME="A" TYPE="real32">{array("1.5", "INF")}</PROPERTY.ARRAY>',
                    f'<PROPERTY.REFERENCE NAME="R">{REFERENCE}</PROPERTY.REFERENCE>',
                ],
            ),
        ),
    ),
    intrinsic(
        "ModifyInstance",
        parameter(
            "ModifiedInstance", f"<VALUE.NAMEDINSTANCE>{THING}{instance('T_Thing')}</VALUE.NAMEDINSTANCE>"
        ),
    ),
    intrinsic(
        "OpenEnumerateInstances", parameter("MaxObjectCount", value("10")), parameter("OperationTimeout")
    ),
    extrinsic(
        "Echo",
        local_instance_path("T_Thing", Id="one"),
        f'<PARAMVALUE NAME="Text" PARAMTYPE="string">{value("a")}</PARAMVALUE>',
        f'<PARAMVALUE NAME="Which">{REFERENCE}</PARAMVALUE>',
    ),
)
TOKENS = [re.findall(r"<[^>]*>|[^<]+", sample.decode()) for sample in SAMPLES]
CIM_ERRORS = frozenset(
    {
        "request-not-well-formed",
        "request-not-valid",
        "unsupported-cim-version",
        "unsupported-dtd-version",
        "unsupported-protocol-version",
    }
)


ELEMENTS = [element for sample in SAMPLES for element in ElementTree.fromstring(sample).iter()]
TAGS = sorted({element.tag for element in ELEMENTS})
NAMES = sorted({name for element in ELEMENTS for name in element.attrib})
WORDS = st.one_of(
    st.sampled_from(sorted({value for element in ELEMENTS for value in element.attrib.values()})),
    st.sampled_from(
        ["", "x", "TRUE", "-1", "0x1F", "1.5", "NaN", "object", "datetime", "20260102030405.000000+000"]
    ),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=5),
)


@st.composite
def replanted(draw: st.DrawFn) -> bytes:
    """A well-formed request whose elements, attributes and texts are not where they belong."""
    root = ElementTree.fromstring(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        element = draw(st.sampled_from(list(root.iter())[2:] or [root]))
        match draw(
            st.sampled_from(["tag", "attribute", "no attribute", "text", "no child", "child", "twice"])
        ):
            case "tag":
                element.tag = draw(st.sampled_from(TAGS))
            case "attribute":
                element.set(draw(st.sampled_from(NAMES)), draw(WORDS))
            case "no attribute":
                element.attrib.pop(draw(st.sampled_from(NAMES)), None)
            case "text":
                element.text = draw(WORDS)
            case "no child" if len(element):
                element.remove(draw(st.sampled_from(list(element))))
            case "child":
                element.append(deepcopy(draw(st.sampled_from(ELEMENTS))))
            case "twice" if len(element):
                element.append(deepcopy(element[0]))
    request: bytes = ElementTree.tostring(root, "utf-8")
    return request


def check_request(body: bytes) -> None:
    try:
        assert isinstance(decode(body), Request)
    except HttpError as refused:
        assert refused.status in (400, 501)
        assert refused.cim_error in CIM_ERRORS


def check_object(text: str) -> None:
    parse_object(text)


def check_scalar(text: str, cim_type: str) -> None:
    try:
        assert parse_scalar(text, cim_type) is not None
    except ValueError:
        assert cim_type != "string"


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_read(sample: bytes) -> None:
    assert decode(sample).call.problem is None


def test_requests_of_broken_bytes() -> None:
    hunt(check_request, st.one_of(broken(SAMPLES), st.binary(max_size=100)))


def test_requests_of_elements_out_of_order() -> None:
    hunt(check_request, rearranged(TOKENS).map(str.encode))


def test_well_formed_requests() -> None:
    hunt(check_request, replanted())


def test_object_headers() -> None:
    samples = ('root/cimv2:T_Thing.Id="a\\"b",Number=5,Ref="x.y=\\"z\\""', "root/cimv2", "http://h/root:T")
    hunt(check_object, st.one_of(broken_text(samples), st.text()))


def test_values() -> None:
    samples = (
        "20260102030405.000000+000",
        "00000001000000.000000:000",
        "2026010203****.******-720",
        "********************",
        "-0x7F",
        "1.5e-300",
        "NaN",
        " TRUE ",
        "18446744073709551615",
    )
    hunt(check_scalar, st.one_of(broken_text(samples), st.text()), st.sampled_from(sorted(CIM_TYPES)))
