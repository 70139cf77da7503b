import pytest
import pywbem
from hypothesis import given
from pywbem._listener import ListenerRequestHandler

from indications.delivery import Undelivered
from indications.delivery.export import ANSWER_BYTES, HEADERS, Refused, accepted, encode
from openesm.cim.values import DateTime, Instance, TypedValue
from openesm.text import LANGUAGES
from tests.hostile import TEXT, legal

DISK = Instance("T_Disk", {"DeviceID": TypedValue("sda", "string")})
ALERT = Instance(
    "ESM_AlertIndication",
    {
        "Message": TypedValue('温度 <b>&"42"</b> ]]>\x1b[2J\r\n', "string"),
        "PerceivedSeverity": TypedValue(6, "uint16"),
        "SequenceNumber": TypedValue(2**63 - 1, "sint64"),
        "ObservedValue": TypedValue(97.5, "real64"),
        "Replayed": TypedValue(False, "boolean"),
        "EventTime": TypedValue(DateTime.parse("20261125035853.000000+540"), "datetime"),
        "CorrelatedIndications": TypedValue(["a", None, "b"], "string", True),
        "OtherSeverity": TypedValue(None, "string"),
        "Element": TypedValue(DISK, "string"),
    },
)


def ok(inside: str = "", root: str = "CIM") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8" ?>\n<{root} CIMVERSION="2.0" DTDVERSION="2.0">'
        '<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication">'
        f"{inside}</EXPMETHODRESPONSE></SIMPLEEXPRSP></MESSAGE></{root}>"
    ).encode()


def read_back(body: bytes) -> tuple[str, str, pywbem.CIMInstance]:
    """Message ID, method and indication as pywbem's listener reads them."""
    message_id, method, parameters = ListenerRequestHandler.parse_export_request(body)
    assert list(parameters) == ["NewIndication"]
    return message_id, method, parameters["NewIndication"]


def test_request_as_another_listener_reads_it() -> None:
    message_id, method, got = read_back(encode(ALERT, '7"&'))
    assert (message_id, method, got.classname) == ('7"&', "ExportIndication", "ESM_AlertIndication")
    assert got["Message"] == '温度 <b>&"42"</b> ]]>\ufffd[2J\r\n'
    assert got["SequenceNumber"] == 2**63 - 1
    assert got.properties["SequenceNumber"].type == "sint64"
    assert got["ObservedValue"] == 97.5
    assert got["Replayed"] is False
    assert str(got["EventTime"]) == "20261125035853.000000+540"
    assert got["CorrelatedIndications"] == ["a", None, "b"]
    assert got["OtherSeverity"] is None
    assert got["Element"]["DeviceID"] == "sda"


@given(TEXT)
def test_any_text_arrives(text: str) -> None:
    body = encode(Instance("C", {"Message": TypedValue(text, "string")}), "1")
    assert read_back(body)[2]["Message"] == legal(text)


def test_a_value_of_the_wrong_type_is_an_error() -> None:
    with pytest.raises(TypeError):
        encode(Instance("C", {"N": TypedValue("many", "uint8")}), "1")


def test_headers() -> None:
    assert dict(HEADERS) == {
        "Content-Type": 'application/xml; charset="utf-8"',
        "Accept": "application/xml",
        "CIMExport": "MethodRequest",
        "CIMExportMethod": "ExportIndication",
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ok(), id="usual"),
        pytest.param(ok("<IRETURNVALUE/>"), id="with a return value"),
        pytest.param(b"\xef\xbb\xbf" + ok(), id="byte order mark"),
        pytest.param(ok().replace(b"utf-8", b"UTF-8").replace(b"><", b">\n <"), id="spaced"),
    ],
)
def test_accepted(body: bytes) -> None:
    accepted(200, {}, body)


BOMB = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + ok("&b;")
DEEP = b"<CIM>" + b"<a>" * 20000


@pytest.mark.parametrize(
    ("status", "headers", "body", "key"),
    [
        pytest.param(200, {}, ok('<ERROR CODE="1" DESCRIPTION="queue is full"/>'), "error", id="CIM error"),
        pytest.param(200, {}, ok("<ERROR/>"), "error", id="CIM error without anything"),
        pytest.param(200, {}, b"", "garbled", id="empty"),
        pytest.param(200, {}, ok()[:-3], "garbled", id="cut off"),
        pytest.param(200, {}, b"\xff\xfe<\x00C\x00", "garbled", id="UTF-16"),
        pytest.param(200, {}, b"<html>hello</html>", "unexpected", id="a web server"),
        pytest.param(200, {}, ok(root="SIM"), "unexpected", id="another root"),
        pytest.param(200, {}, ok().replace(b"EXPMETHODRESPONSE", b"X"), "unexpected", id="another answer"),
        pytest.param(200, {}, BOMB, "unexpected", id="entity bomb"),
        pytest.param(200, {}, DEEP, "garbled", id="deep"),
        pytest.param(200, {}, ok() + b" " * ANSWER_BYTES, "too-long", id="too long"),
        pytest.param(204, {}, b"", "status", id="no content"),
        pytest.param(206, {}, ok(), "status", id="another success"),
        pytest.param(400, {"cimerror": "request-not-valid"}, b"", "status", id="bad request"),
        pytest.param(500, {}, ok(), "status", id="server error"),
        pytest.param(503, {}, b"", "status", id="busy"),
        pytest.param(302, {"location": "http://169.254.169.254/"}, b"", "redirect", id="redirect"),
    ],
)
def test_anything_else_is_tried_again(status: int, headers: dict[str, str], body: bytes, key: str) -> None:
    with pytest.raises(Undelivered) as failed:
        accepted(status, headers, body)
    assert (failed.value.reason.key, failed.value.retry) == (f"delivery.answer-{key}", True)
    assert not isinstance(failed.value, Refused)
    for language in LANGUAGES:
        assert failed.value.reason.text(language).isprintable()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_tried_slowly(status: int) -> None:
    with pytest.raises(Refused, match=str(status)):
        accepted(status, {}, b"")


def test_what_the_listener_says_is_told_without_its_escapes() -> None:
    with pytest.raises(Undelivered, match="status 1: queue full") as failed:
        accepted(200, {}, ok('<ERROR CODE="1" DESCRIPTION="queue&#10;full&#x9b;2J' + "x" * 500 + '"/>'))
    assert len(str(failed.value)) < 300
    with pytest.raises(Undelivered, match="request-not-valid"):
        accepted(400, {"cimerror": "request-not-valid"}, b"")
