"""Requests that nobody should send, and how each is refused (wbem standards H08, H10, X01 to X17)."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.wbem.cimxml.decode import decode
from esmd.wbem.cimxml.paths import MAX_KEYBINDINGS
from esmd.wbem.http1 import HttpError
from tests.esmd.wbem.requests import (
    WBEMCLI,
    array,
    classname,
    creating,
    envelope,
    extrinsic,
    instancename,
    intrinsic,
    key,
    local_instance_path,
    nested,
    parameter,
    prop,
    value,
)

TARGET = local_instance_path("T_Thing", Id="one")
THING = instancename("T_Thing", Id="one")


def getting(name: str) -> bytes:
    return intrinsic("GetInstance", parameter("InstanceName", name))


NOT_VALID, NOT_WELL_FORMED = (400, "request-not-valid"), (400, "request-not-well-formed")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        pytest.param(b"", NOT_WELL_FORMED, id="nothing"),
        pytest.param(b"<CIM>", NOT_WELL_FORMED, id="not closed"),
        pytest.param(WBEMCLI[:-6], NOT_WELL_FORMED, id="cut off"),
        pytest.param(WBEMCLI + b"x", NOT_WELL_FORMED, id="text after the end"),
        pytest.param(WBEMCLI.replace(b"T_Thing", b"T_\xff"), NOT_WELL_FORMED, id="not UTF-8"),
        pytest.param(WBEMCLI.replace(b"T_Thing", b"&bomb;"), NOT_WELL_FORMED, id="unknown entity"),
        pytest.param(WBEMCLI.replace(b"utf-8", b"utf-16"), NOT_WELL_FORMED, id="declared as UTF-16"),
        pytest.param(b'<?xml encoding="utf-8"?><CIM/>', NOT_WELL_FORMED, id="declaration without version"),
        pytest.param(b"<!DOCTYPE CIM><CIM/>", NOT_VALID, id="DOCTYPE"),
        pytest.param(b"<HTML/>", NOT_VALID, id="another root"),
        pytest.param(b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"/>', NOT_VALID, id="no message"),
        pytest.param(envelope(""), NOT_VALID, id="empty message"),
        pytest.param(envelope("<SIMPLEREQ/>"), NOT_VALID, id="empty request"),
        pytest.param(envelope("<SIMPLERSP/>"), NOT_VALID, id="a response"),
        pytest.param(
            envelope('<SIMPLEREQ><IMETHODCALL NAME="GetClass"/></SIMPLEREQ>'), NOT_VALID, id="no namespace"
        ),
        pytest.param(
            intrinsic("GetClass").replace(b'<NAMESPACE NAME="root"/><NAMESPACE NAME="test"/>', b""),
            NOT_VALID,
            id="empty namespace path",
        ),
        pytest.param(intrinsic("GetClass", '<PARAMVALUE NAME="X"/>'), NOT_VALID, id="PARAMVALUE inside"),
        pytest.param(intrinsic("GetClass", "<IPARAMVALUE/>"), NOT_VALID, id="parameter without a name"),
        pytest.param(intrinsic("GetClass", parameter("LocalOnly", value("maybe"))), NOT_VALID, id="boolean"),
        pytest.param(
            intrinsic("PullInstances", parameter("MaxObjectCount", value("-1"))), NOT_VALID, id="uint32"
        ),
        pytest.param(
            intrinsic("PullInstances", parameter("MaxObjectCount", value(2**32))), NOT_VALID, id="over uint32"
        ),
        pytest.param(
            intrinsic("GetClass", parameter("PropertyList", "<VALUE.ARRAY><CIM/></VALUE.ARRAY>")),
            NOT_VALID,
            id="list of something else",
        ),
        pytest.param(getting(classname("C")), NOT_VALID, id="class for an instance"),
        pytest.param(getting("<INSTANCENAME/>"), NOT_VALID, id="instance name without a class"),
        pytest.param(getting(instancename("no good")), NOT_VALID, id="blank in a class name"),
        pytest.param(
            getting(f'<INSTANCENAME CLASSNAME="C">{key("K", 1)}{key("k", 2)}</INSTANCENAME>'),
            NOT_VALID,
            id="key twice",
        ),
        pytest.param(
            getting(
                f'<INSTANCENAME CLASSNAME="C">{"".join(key(f"K{n}", n) for n in range(MAX_KEYBINDINGS + 1))}'
                "</INSTANCENAME>"
            ),
            NOT_VALID,
            id="too many keys",
        ),
        pytest.param(
            getting(instancename("C", K=1).replace("numeric", "colour")), NOT_VALID, id="kind of a key"
        ),
        pytest.param(
            getting(instancename("C", K=1).replace(">1<", ">one<")), NOT_VALID, id="key that is no number"
        ),
        pytest.param(creating(prop("P", "uint8", value(256))), NOT_VALID, id="uint8 out of range"),
        pytest.param(creating(prop("P", "uint8", "<VALUE/>")), NOT_VALID, id="empty number"),
        pytest.param(creating(prop("P", "uint128", value(1))), NOT_VALID, id="unknown type"),
        pytest.param(creating('<PROPERTY NAME="P"><VALUE>1</VALUE></PROPERTY>'), NOT_VALID, id="no type"),
        pytest.param(creating(prop("P", "boolean", value("yes"))), NOT_VALID, id="no boolean"),
        pytest.param(creating(prop("P", "char16", value("ab"))), NOT_VALID, id="two characters"),
        pytest.param(creating(prop("P", "real64", value("1e"))), NOT_VALID, id="no real"),
        pytest.param(creating(prop("P", "datetime", value("2026-11-25"))), NOT_VALID, id="no datetime"),
        pytest.param(creating(prop("P", "string"), prop("p", "string")), NOT_VALID, id="property twice"),
        pytest.param(creating(prop("P", "string", array("a"))), NOT_VALID, id="array in a scalar"),
        pytest.param(creating(prop("P", "string", value("a") * 2)), NOT_VALID, id="two values"),
        pytest.param(
            creating(prop("P", "string", value("&lt;INSTANCE"), ' EmbeddedObject="instance"')),
            NOT_WELL_FORMED,
            id="embedded text that is no XML",
        ),
        pytest.param(
            creating(prop("P", "string", value("&lt;CIM/>"), ' EmbeddedObject="instance"')),
            NOT_VALID,
            id="embedded something",
        ),
        pytest.param(
            creating(prop("P", "string", value(escape(nested(4))), ' EmbeddedObject="instance"')),
            NOT_VALID,
            id="embedded too deep",
        ),
        pytest.param(
            extrinsic("Scale", TARGET, '<PARAMVALUE NAME="By" PARAMTYPE="colour"/>'),
            NOT_VALID,
            id="type of a method's parameter",
        ),
        pytest.param(extrinsic("Scale", THING), NOT_VALID, id="method on a name without its namespace"),
        pytest.param(envelope("<SIMPLEREQ/>", cim="3.0"), (501, "unsupported-cim-version"), id="CIM 3"),
        pytest.param(envelope("<SIMPLEREQ/>", dtd="1.1"), (501, "unsupported-dtd-version"), id="DTD 1"),
        pytest.param(
            envelope("<SIMPLEREQ/>", protocol="2.0"), (501, "unsupported-protocol-version"), id="protocol 2"
        ),
        pytest.param(
            envelope("<SIMPLEREQ/>", protocol="1."), (501, "unsupported-protocol-version"), id="protocol 1."
        ),
    ],
)
def test_refused(body: bytes, refusal: tuple[int, str]) -> None:
    with pytest.raises(HttpError) as refused:
        decode(body)
    assert (refused.value.status, refused.value.cim_error) == refusal


@given(
    st.integers(0, len(WBEMCLI) - 1),
    st.one_of(st.binary(max_size=6), st.sampled_from([b"<", b">", b'"', b"&", b"/", b"<VALUE/>", b"\x00"])),
)
def test_a_damaged_request_is_read_or_refused(at: int, damage: bytes) -> None:
    damaged = WBEMCLI[:at] + damage + WBEMCLI[at + len(damage) :]
    try:
        decode(damaged)
    except HttpError as refused:
        assert refused.status in (400, 501)
