"""CIM-XML over HTTP without sockets: headers, and headers against the body (wbem standards H04 to H25)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from esmd.auth.principal import Principal
from esmd.wbem.cimxml.service import CimXmlService
from esmd.wbem.connection import Response
from esmd.wbem.http1 import MAN_URI, Head, HttpError
from openesm.cim.provider import MethodResult
from tests.esmd.wbem.requests import (
    classname,
    envelope,
    extrinsic,
    instancename,
    intrinsic,
    local_instance_path,
    parameter,
    value,
)
from tests.esmd.wbem.small import ADMIN, VIEWER, World

OPERATION = "EnumerateInstanceNames"
BODY = intrinsic(OPERATION, parameter("ClassName", classname("T_Thing")))
FIELDS = {
    "host": "localhost",
    "content-type": 'application/xml; charset="utf-8"',
    "cimoperation": "MethodCall",
    "cimmethod": OPERATION,
    "cimobject": "root/test",
}


def head(man: str = "", repeated: tuple[str, ...] = (), **changed: str | None) -> Head:
    """The head of a good request with some fields changed; None leaves one out, `_` stands for `-`."""
    fields = {**FIELDS, **{name.replace("_", "-"): text for name, text in changed.items()}}
    kept = {name: text for name, text in fields.items() if text is not None}
    return Head("POST", "/cimom", 1, kept, frozenset(repeated), len(BODY), man)


class Asker:
    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.service = CimXmlService(self.world.operations, self.world.repository)

    def ask(self, body: bytes = BODY, asked: Head | None = None, who: Principal = ADMIN) -> Response:
        given = asked or head()
        self.service.check_head(given)

        async def wait() -> Response:
            answer = self.service.answer(given, who, body)
            return await answer if isinstance(answer, Awaitable) else answer

        return asyncio.run(wait())

    def operation(self, name: str, *parameters: str, **how: Any) -> ElementTree.Element:
        """The IMETHODRESPONSE of an operation."""
        response = self.ask(intrinsic(name, *parameters), head(cimmethod=name), **how)
        found = ElementTree.fromstring(response.body).find(".//IMETHODRESPONSE")
        assert found is not None
        return found

    def refusal(self, body: bytes = BODY, asked: Head | None = None) -> tuple[int, str] | None:
        try:
            self.ask(body, asked)
        except HttpError as refused:
            return refused.status, refused.cim_error
        return None


@pytest.fixture
def asker() -> Asker:
    return Asker()


def code(response: ElementTree.Element) -> str | None:
    error = response.find("ERROR")
    return None if error is None else error.get("CODE")


def test_an_answer(asker: Asker) -> None:
    response = asker.ask()
    assert response.status == 200
    fields = dict(response.headers)
    assert fields["Content-Type"] == 'application/xml; charset="utf-8"'
    assert fields["CIMOperation"] == "MethodResponse"
    assert fields["WBEMServerResponseTime"].isdigit()
    assert not {"CIMMethod", "CIMObject"} & fields.keys()
    root = ElementTree.fromstring(response.body)
    message = root.find("MESSAGE")
    assert message is not None
    assert (message.get("ID"), message.get("PROTOCOLVERSION")) == ("4711", "1.0")
    names = [element.text for element in root.iter("KEYVALUE")]
    assert names == ["one", "two"]


@pytest.mark.parametrize("message_id", ["1", "4711", "a b", "&lt;&amp;&quot;>", "x" * 300, "日本"])
def test_the_message_id_comes_back(asker: Asker, message_id: str) -> None:
    body = BODY.replace(b'ID="4711"', f'ID="{message_id}"'.encode())
    sent = ElementTree.fromstring(body).find("MESSAGE")
    for _ in range(2):
        answered = ElementTree.fromstring(asker.ask(body).body).find("MESSAGE")
        assert sent is not None
        assert answered is not None
        assert answered.get("ID") == sent.get("ID")


def test_same_bytes_but_for_the_id_give_the_current_state(asker: Asker) -> None:
    """What is remembered of a request must not bring an old answer back, nor another user's rights."""
    before = asker.ask().body
    asker.world.things["three"] = {}
    asker.world.clock.seconds += 10
    after = asker.ask(BODY.replace(b"4711", b"4712")).body
    assert (before.count(b"<INSTANCENAME"), after.count(b"<INSTANCENAME")) == (2, 3)
    delete = parameter("InstanceName", instancename("T_Thing", Id="three"))
    assert code(asker.operation("DeleteInstance", delete, who=VIEWER)) == "2"
    assert code(asker.operation("DeleteInstance", delete)) is None
    assert code(asker.operation("DeleteInstance", delete)) == "6"
    assert code(asker.operation("DeleteInstance", delete, who=VIEWER)) == "2"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        pytest.param({"content_type": None}, (400, ""), id="no type"),
        pytest.param({"content_type": "text/plain"}, (400, ""), id="type"),
        pytest.param({"content_type": "text/xml; charset=utf-16"}, (400, ""), id="charset"),
        pytest.param({"content_type": "text/xml;charset=UTF-8"}, None, id="charset in capitals"),
        pytest.param({"content_type": "text/xml"}, None, id="text/xml"),
        pytest.param({"content_encoding": "gzip"}, (415, ""), id="compressed"),
        pytest.param({"content_encoding": "identity"}, None, id="identity"),
        pytest.param({"range": "bytes=0-1"}, (406, ""), id="range"),
        pytest.param({"accept": "text/html"}, (406, ""), id="accepts HTML only"),
        pytest.param({"accept": "text/html, */*;q=0.1"}, None, id="accepts anything"),
        pytest.param({"accept": "text/xml, application/xml"}, None, id="accepts XML"),
        pytest.param({"accept_charset": "iso-8859-1"}, (406, ""), id="accepts Latin only"),
        pytest.param({"accept_encoding": "gzip"}, None, id="Accept-Encoding is ignored"),
        pytest.param({"cimoperation": None}, (400, ""), id="H04 none"),
        pytest.param({"cimoperation": "methodcall"}, None, id="H04 case"),
        pytest.param({"cimoperation": "MethodRequest"}, (400, "unsupported-operation"), id="H04 other"),
        pytest.param({"repeated": ("cimoperation",)}, (400, "unsupported-operation"), id="H04 twice"),
        pytest.param({"cimexport": "MethodRequest"}, (400, "unsupported-operation"), id="an export"),
        pytest.param({"cimmethod": None}, (400, "header-mismatch"), id="H05 none"),
        pytest.param({"cimmethod": ""}, (400, "header-mismatch"), id="H05 empty"),
        pytest.param({"cimmethod": "GetInstance"}, (400, "header-mismatch"), id="H05 other"),
        pytest.param({"cimmethod": "EnumerateInstance%4eames"}, None, id="H05 escaped"),
        pytest.param(
            {"cimmethod": "EnumerateInstanceNames%ff"}, (400, "header-mismatch"), id="H05 bad escape"
        ),
        pytest.param({"repeated": ("cimmethod",)}, (400, "header-mismatch"), id="H05 twice"),
        pytest.param({"cimobject": None}, (400, "header-mismatch"), id="H06 none"),
        pytest.param({"cimobject": "root%2Ftest"}, None, id="H06 escaped, as wbemcli does"),
        pytest.param({"cimobject": "ROOT/test/"}, None, id="H06 case and slash"),
        pytest.param({"cimobject": "root/other"}, (400, "header-mismatch"), id="H06 other"),
        pytest.param({"cimobject": "root/test:T_Thing"}, (400, "header-mismatch"), id="H06 a class"),
        pytest.param({"cimprotocolversion": "1.0"}, None, id="H07"),
        pytest.param({"cimprotocolversion": "1.1"}, (400, "header-mismatch"), id="H07 not that of the body"),
        pytest.param({"cimprotocolversion": "2.0"}, (501, "unsupported-protocol-version"), id="H07 major"),
        pytest.param({"cimprotocolversion": "1."}, (501, "unsupported-protocol-version"), id="H07 junk"),
        pytest.param({"cimbatch": ""}, (400, "header-mismatch"), id="H09 batch header on a single request"),
    ],
)
def test_headers(asker: Asker, changed: dict[str, Any], refusal: tuple[int, str] | None) -> None:
    assert asker.refusal(BODY, head(**changed)) == refusal


@pytest.mark.parametrize(
    ("body", "changed", "refusal"),
    [
        pytest.param(
            envelope("<MULTIREQ/>"), {"cimbatch": ""}, (501, "multiple-requests-unsupported"), id="batch"
        ),
        pytest.param(envelope("<MULTIREQ/>"), {}, (400, "header-mismatch"), id="batch without its header"),
        pytest.param(envelope("<SIMPLEEXPREQ/>"), {}, (400, "request-not-valid"), id="export"),
        pytest.param(b"<a>", {}, (400, "request-not-well-formed"), id="no XML"),
        pytest.param(BODY.replace(b'DTDVERSION="2.0"', b'DTDVERSION="2.3.1"'), {}, None, id="DTD 2.3.1"),
        pytest.param(
            BODY.replace(b'PROTOCOLVERSION="1.0"', b'PROTOCOLVERSION="1.4"'),
            {"cimprotocolversion": "1.4"},
            None,
            id="protocol 1.4",
        ),
    ],
)
def test_bodies(asker: Asker, body: bytes, changed: dict[str, Any], refusal: tuple[int, str] | None) -> None:
    assert asker.refusal(body, head(**changed)) == refusal


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ('root/test:T_Thing.Id="two"', None),
        ('root%2Ftest%3AT_Thing.Id="two"', None),
        ("root/test:T_Thing.Id=%22two%22", None),
        ('root/test:T_Thing.Id="one"', (400, "header-mismatch")),
        ("root/test", (400, "header-mismatch")),
    ],
)
def test_a_method_is_named_with_its_instance(
    asker: Asker, target: str, refusal: tuple[int, str] | None
) -> None:
    body = extrinsic("Scale", local_instance_path("T_Thing", Id="two"))
    assert asker.refusal(body, head(cimmethod="Scale", cimobject=target)) == refusal


def test_errors_are_answers(asker: Asker) -> None:
    """Errors above the XML are 200 with an ERROR; never an HTTP status (H11)."""
    assert code(asker.operation("FindEverything")) == "7"
    assert code(asker.operation("GetInstance")) == "4"
    assert code(asker.operation("GetInstance", parameter("Depth", value(1)))) == "4"


@pytest.mark.parametrize(
    ("asked", "language"), [(None, "en"), ("ja", "ja"), ("de, ja;q=0.5, en;q=0.4", "ja"), ("fr", "en")]
)
def test_errors_in_the_clients_language(asker: Asker, asked: str | None, language: str) -> None:
    body = intrinsic("GetInstance", parameter("InstanceName", instancename("T_Thing", Id="three")))
    response = asker.ask(body, head(cimmethod="GetInstance", accept_language=asked))
    assert dict(response.headers)["Content-Language"] == language
    error = ElementTree.fromstring(response.body).find(".//ERROR")
    assert error is not None
    text = str(error.get("DESCRIPTION"))
    assert 'root/test:T_Thing.Id="three"' in text or 'T_Thing.Id="three"' in text
    assert text.isascii() is (language == "en")


def test_m_post_is_answered_in_its_own_headers(asker: Asker) -> None:
    fields = dict(asker.ask(BODY, head(man="73")).headers)
    assert fields["73-CIMOperation"] == "MethodResponse"
    assert (fields["Ext"], fields["Man"]) == ("", f"{MAN_URI}; ns=73")
    assert "CIMOperation" not in fields


def test_a_provider_that_lies_fails_alone(asker: Asker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "openesm.wbem"):
        liar = asker.operation("EnumerateInstances", parameter("ClassName", classname("T_Liar")))
    assert code(liar) == "1"
    assert "a provider gave a wrong value" in caplog.text
    good = asker.operation("EnumerateInstances", parameter("ClassName", classname("T_Thing")))
    assert code(good) is None


@pytest.mark.parametrize("small", [256, -1, 2**70])
def test_a_counter_gone_wild_empties_its_property(small: int) -> None:
    asker = Asker(World(lie={"Small": small}))
    found = asker.operation("EnumerateInstances", parameter("ClassName", classname("T_Liar")))
    assert code(found) is None
    assert [prop.find("VALUE") for prop in found.iter("PROPERTY") if prop.get("NAME") == "Small"] == [None]


def test_a_property_that_the_class_does_not_have(caplog: pytest.LogCaptureFixture) -> None:
    asker = Asker(World(lie={"Small": 1, "Colour": "red"}))
    found = asker.operation("EnumerateInstances", parameter("ClassName", classname("T_Liar")))
    assert code(found) == "1"
    assert "Colour".lower() in caplog.text.lower()


def test_an_output_parameter_that_the_method_does_not_have(caplog: pytest.LogCaptureFixture) -> None:
    asker = Asker()
    provider = asker.world.repository.source("root/test", "T_Thing")
    assert provider is not None
    methods = {"Never": lambda *_: MethodResult(0, {"Colour": "red"})}
    provider.provider = replace(provider.provider, methods=methods)
    body = extrinsic("Never", local_instance_path("T_Thing", Id="one"))
    asked = head(cimmethod="Never", cimobject='root/test:T_Thing.Id="one"')
    error = ElementTree.fromstring(asker.ask(body, asked).body).find(".//METHODRESPONSE/ERROR")
    assert error is not None
    assert error.get("CODE") == "1"
    assert "a provider gave a wrong value" in caplog.text


def test_a_blocking_provider_is_waited_for(asker: Asker) -> None:
    found = asker.operation("EnumerateInstances", parameter("ClassName", classname("T_Slow")))
    assert code(found) is None
    assert len(list(found.iter("INSTANCE"))) == 1
