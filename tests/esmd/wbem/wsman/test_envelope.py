"""What every request needs, and what is wrong with those that do not have it (W01 to W11)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from esmd.wbem.http1 import Head, HttpError
from esmd.wbem.wsman.envelope import seconds_of
from esmd.wbem.wsman.names import GET, IDENTITY
from tests.esmd.wbem.wsman.asking import Answer, Manager, envelope, request

ONE = {"Id": "one"}
NOBODY = cast(Any, None)  # the check looks at the head alone
REQUIRED = "wsa:MessageInformationHeaderRequired"
NO_CLASS = ("wsa:DestinationUnreachable", "InvalidResourceURI")
COMPLY = '<w:OptionSet><w:Option Name="a" MustComply="true"/></w:OptionSet>'
IDENTIFY = envelope("", "<i:Identify/>")


@pytest.fixture(scope="module")
def manager() -> Manager:
    return Manager()


def test_identify(manager: Manager) -> None:
    answer = manager.ask(IDENTIFY)
    assert answer.status == 200
    assert answer.value("s:Body/i:IdentifyResponse/i:ProductVendor") == "OpenESM"
    open_to_all = Answer(
        manager.service.answer_all(Head("POST", "/wsman-anon/identify", 1, {}), IDENTIFY.encode())
    )
    assert open_to_all.value("s:Body/i:IdentifyResponse/i:ProtocolVersion").endswith("wsman.xsd")
    assert open_to_all.value("s:Body/i:IdentifyResponse/i:ProductVersion") == ""


def test_nobody_gets_more_than_identify(manager: Manager) -> None:
    """W01, SEC-01."""
    head = Head("POST", "/wsman-anon/identify", 1, {})
    answer = Answer(manager.service.answer_all(head, request(GET, selectors=ONE).encode()))
    assert (answer.status, answer.fault) == (400, ("wsman:AccessDenied", ""))
    assert not manager.service.is_open_to_all(Head("POST", "/wsman", 1, {}))


@pytest.mark.parametrize(
    ("target", "media", "status"),
    [
        ("/wsman", "application/soap+xml;charset=UTF-8", 0),
        ("/wsman", "", 0),
        ("/wsman", "text/plain", 415),
        ("/cimom", "application/soap+xml", 404),
        ("/", "", 404),
    ],
)
def test_urls_and_types(manager: Manager, target: str, media: str, status: int) -> None:
    head = Head("POST", target, 1, {"content-type": media} if media else {})
    if not status:
        manager.service.check(head, NOBODY)
        return
    with pytest.raises(HttpError) as refused:
        manager.service.check(head, NOBODY)
    assert refused.value.status == status


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(manager: Manager, encoding: str) -> None:
    """W11: the answer comes in the encoding of the request."""
    text = (
        '<?xml version="1.0" encoding="'
        + encoding.upper()[:6].rstrip("-")
        + '"?>'
        + request(GET, selectors=ONE)
    )
    answer = manager.ask(text.encode(encoding))
    assert answer.status == 200
    assert (b"\0" in answer.response.body) == encoding.startswith("utf-16")
    assert "first" in answer.text


@pytest.mark.parametrize(
    ("text", "fault", "status"),
    [
        pytest.param(request(GET, without="Action"), (REQUIRED, ""), 400, id="Action"),
        pytest.param(
            request(GET, without="MessageID"),
            (REQUIRED, ""),
            400,
            id="MessageID",
        ),
        pytest.param(
            request(GET, without="ResourceURI"),
            NO_CLASS,
            400,
            id="URI",
        ),
        pytest.param(request("urn:none"), ("wsa:ActionNotSupported", ""), 400, id="unknown action"),
        pytest.param(
            request(GET, uri="urn:none"),
            NO_CLASS,
            400,
            id="odd URI",
        ),
        pytest.param(
            request(GET, namespace="root/none"),
            NO_CLASS,
            400,
            id="namespace",
        ),
        pytest.param(
            request(GET, selectors={"Id": "none"}), ("wsa:DestinationUnreachable", ""), 400, id="no instance"
        ),
        pytest.param(request(GET), ("wsman:InvalidSelectors", "InsufficientSelectors"), 400, id="no key"),
        pytest.param(
            request(GET, selectors={**ONE, "Other": "1"}),
            ("wsman:InvalidSelectors", "UnexpectedSelectors"),
            400,
            id="one key too many",
        ),
        pytest.param(
            request(GET, selectors={**ONE, "id": "two"}),
            ("wsman:InvalidSelectors", "DuplicateSelectors"),
            400,
            id="a key twice",
        ),
        pytest.param(
            request(GET, selectors=ONE, more="<a:Action>x</a:Action>"),
            ("wsa:InvalidMessageInformationHeader", ""),
            400,
            id="Action twice",
        ),
        pytest.param(
            request(GET, selectors=ONE, more="<a:FaultTo><a:Address>http://x/</a:Address></a:FaultTo>"),
            ("wsman:UnsupportedFeature", "AddressingMode"),
            400,
            id="FaultTo elsewhere",
        ),
        pytest.param(
            request(GET, selectors=ONE, more="<w:MaxEnvelopeSize>100</w:MaxEnvelopeSize>"),
            ("wsman:EncodingLimit", "MinimumEnvelopeLimit"),
            400,
            id="tiny envelope",
        ),
        pytest.param(
            request(GET, selectors=ONE, more="<w:OperationTimeout>soon</w:OperationTimeout>"),
            ("wsa:InvalidMessageInformationHeader", "OperationTimeout"),
            400,
            id="no duration",
        ),
        pytest.param(
            request(GET, selectors=ONE, more='<w:Locale s:mustUnderstand="true" xml:lang="de"/>'),
            ("wsman:UnsupportedFeature", "Locale"),
            400,
            id="a language that has to be",
        ),
        pytest.param(
            request(GET, selectors=ONE, more=COMPLY),
            ("wsman:InvalidOptions", "NotSupported"),
            400,
            id="an option that has to be",
        ),
        pytest.param("<a/>", ("wsman:SchemaValidationError", ""), 400, id="no envelope"),
        pytest.param("<s:Envelope", ("wsman:SchemaValidationError", ""), 400, id="half an envelope"),
        pytest.param(envelope("", ""), (REQUIRED, ""), 400, id="empty"),
    ],
)
def test_faults(manager: Manager, text: str, fault: tuple[str, str], status: int) -> None:
    answer = manager.ask(text)
    assert (answer.fault, answer.status) == (fault, status)
    assert answer.value("s:Body/s:Fault/s:Reason/s:Text")


def test_a_header_that_is_not_understood(manager: Manager) -> None:
    """W02."""
    odd = '<o:Odd xmlns:o="urn:o" s:mustUnderstand="1"/>'
    answer = manager.ask(request(GET, selectors=ONE, more=odd))
    assert answer.status == 500
    assert answer.value("s:Body/s:Fault/s:Code/s:Value") == "s:MustUnderstand"
    assert answer.find("s:Header/s:NotUnderstood").get("qname") == "x:Odd"
    assert manager.ask(request(GET, selectors=ONE, more=odd.replace("1", "false"))).status == 200


def test_another_encoding_is_refused(manager: Manager) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + request(GET, selectors=ONE)
    answer = manager.ask(text.encode("latin-1"))
    assert (answer.status, answer.fault) == (400, ("wsman:EncodingLimit", "CharacterSet"))


def test_faults_in_japanese(manager: Manager) -> None:
    more = '<w:Locale xml:lang="ja-JP" s:mustUnderstand="false"/>'
    answer = manager.ask(request(GET, selectors={"Id": "none"}, more=more))
    told = answer.find("s:Body/s:Fault/s:Reason/s:Text")
    assert told.get("{http://www.w3.org/XML/1998/namespace}lang") == "ja"
    assert "ありません" in (told.text or "")


def test_a_lenient_message_id(manager: Manager) -> None:
    answer = manager.ask(request(GET, selectors=ONE, message_id="0"))
    assert answer.value("s:Header/a:RelatesTo") == "0"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5.500S", 5.5),
        ("PT5.50S", 5.5),
        ("PT20S", 20),
        ("P0DT1H", 3600),
        ("P1D", 86400),
        ("-PT1S", -1),
        ("P", None),
        ("PT", None),
        ("5", None),
        ("", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_the_identity_namespace_is_the_published_one() -> None:
    assert IDENTITY == "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
