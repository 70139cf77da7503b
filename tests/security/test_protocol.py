"""What is wrong with a request is told as DSP0200 wants it (H01 to H26), however it is delivered."""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import dataclass

import pytest

from esmd.wbem.http1 import MAN_URI
from tests.running import RunningAgent
from tests.security.wire import (
    Answer,
    Wire,
    ask,
    basic,
    call,
    operations_during,
    request,
    requests_served,
    wire,
)

OK = call()
WRONG = basic("admin", "x" * 72)
WITHOUT_NAMESPACE = re.sub(rb"<LOCALNAMESPACEPATH>.*</LOCALNAMESPACEPATH>", b"", OK)
NO_CLASS = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="ESM_No"/></IPARAMVALUE>'
NO_PARAMETER = '<IPARAMVALUE NAME="No"><VALUE>x</VALUE></IPARAMVALUE>'
HEAD_ONLY = ["CIMOperation", "CIMMethod", "CIMObject"]


def m_post(
    digits: str = "73", *, uri: str = MAN_URI, line: str = "M-POST /cimom HTTP/1.1", **changed: str
) -> bytes:
    """An extended request: every CIM header has the prefix that Man names."""
    headers = {
        "CIMOperation": "MethodCall",
        "CIMMethod": "EnumerateInstanceNames",
        "CIMObject": "root/ESMPRO/AS",
    }
    headers |= changed
    lines = [f"Man: {uri}; ns={digits}", *(f"{digits}-{name}: {value}" for name, value in headers.items())]
    return request(line=line, without=HEAD_ONLY, extra=lines)


def replaced(old: str, new: str, **changed: str) -> bytes:
    """A request whose body has a part replaced; the headers stay right for the old one."""
    assert old.encode() in OK
    return request(OK, raw_body=OK.replace(old.encode(), new.encode(), 1), **changed)


def batch(kind: str, *extra: str) -> bytes:
    body = OK.replace(b"<SIMPLEREQ>", f"<{kind}><SIMPLEREQ>".encode()).replace(
        b"</SIMPLEREQ>", f"</SIMPLEREQ></{kind}>".encode()
    )
    return request(body, without=["CIMMethod", "CIMObject"], extra=extra)


@dataclass(frozen=True)
class Case:
    """A request, and how it ends: the HTTP status, the CIMError header or the code inside."""

    name: str
    raw: bytes
    status: int
    cim_error: str | None = None
    code: int | None = None


CASES = [
    Case("a right one", request(), 200),
    Case("H01 M-POST", m_post(), 200),
    Case("H01 any prefix", m_post("16"), 200),
    Case("H02 unknown extension", m_post(uri="http://example.com/other"), 510),
    Case("H02 M-POST without Man", request(line="M-POST /cimom HTTP/1.1"), 510),
    Case("M-POST whose headers have no prefix", m_post().replace(b"73-CIM", b"CIM"), 200),
    Case("M-POST whose headers have another prefix", m_post().replace(b"73-CIM", b"74-CIM"), 400),
    Case("H03 no Host", request(without=["Host"]), 400),
    Case("H03 no Host in HTTP/1.0", request(without=["Host"], line="POST /cimom HTTP/1.0"), 200),
    Case("H04 no CIMOperation", request(without=["CIMOperation"]), 400),
    Case("H04 another CIMOperation", request(CIMOperation="MethodResponse"), 400, "unsupported-operation"),
    Case("H04 an empty CIMOperation", request(CIMOperation=""), 400, "unsupported-operation"),
    Case("H04 twice", request(extra=["CIMOperation: MethodCall"]), 400, "unsupported-operation"),
    Case("H04 two in one", request(CIMOperation="MethodCall, MethodCall"), 400, "unsupported-operation"),
    Case("H04 lower case", request(CIMOperation="methodcall"), 200),
    Case("H05 no CIMMethod", request(without=["CIMMethod"]), 400, "header-mismatch"),
    Case("H05 an empty CIMMethod", request(CIMMethod=""), 400, "header-mismatch"),
    Case("H05 another CIMMethod", request(CIMMethod="GetClass"), 400, "header-mismatch"),
    Case("H05 bad escape", request(CIMMethod="%E3%81"), 400, "header-mismatch"),
    Case("H05 escaped", request(CIMMethod="%45numerateInstanceNames"), 200),
    Case("H05 twice", request(extra=["CIMMethod: EnumerateInstanceNames"]), 400, "header-mismatch"),
    Case("H06 no CIMObject", request(without=["CIMObject"]), 400, "header-mismatch"),
    Case("H06 an empty CIMObject", request(CIMObject=""), 400, "header-mismatch"),
    Case("H06 another CIMObject", request(CIMObject="root/cimv2"), 400, "header-mismatch"),
    Case("H06 no path", request(CIMObject='root"/ESMPRO:"'), 400, "header-mismatch"),
    Case(
        "H06 a class where a namespace belongs",
        request(CIMObject="root/ESMPRO/AS:ESM_Alive"),
        400,
        "header-mismatch",
    ),
    Case("H06 escaped", request(CIMObject="root%2FESMPRO%2fAS"), 200),
    Case("H06 another case", request(CIMObject="ROOT/esmpro/as"), 200),
    Case("H07 1.0", request(CIMProtocolVersion="1.0"), 200),
    Case("H07 no 1.x", request(CIMProtocolVersion="2.0"), 501, "unsupported-protocol-version"),
    Case("H07 junk", request(CIMProtocolVersion="1."), 501, "unsupported-protocol-version"),
    Case("H07 long junk", request(CIMProtocolVersion="1.1234567890:98"), 501, "unsupported-protocol-version"),
    Case("H07 differs from the body", request(CIMProtocolVersion="1.1"), 400, "header-mismatch"),
    Case(
        "H07 2.0 in the body", replaced('VERSION="1.0"', 'VERSION="2.0"'), 501, "unsupported-protocol-version"
    ),
    Case("H07 any 1.x", replaced('VERSION="1.0"', 'VERSION="1.4"'), 200),
    Case("H08 CIM 3.0", replaced('CIMVERSION="2.0"', 'CIMVERSION="3.0"'), 501, "unsupported-cim-version"),
    Case("H08 CIM junk", replaced('CIMVERSION="2.0"', 'CIMVERSION="two"'), 501, "unsupported-cim-version"),
    Case("H08 CIM 2.9", replaced('CIMVERSION="2.0"', 'CIMVERSION="2.9"'), 200),
    Case("H08 DTD 3.0", replaced('DTDVERSION="2.0"', 'DTDVERSION="3.0"'), 501, "unsupported-dtd-version"),
    Case("H08 DTD 2.4", replaced('DTDVERSION="2.0"', 'DTDVERSION="2.4"'), 200),
    Case("H09 a batch", batch("MULTIREQ", "CIMBatch:"), 501, "multiple-requests-unsupported"),
    Case("H09 a batch without its header", batch("MULTIREQ"), 400, "header-mismatch"),
    Case("H09 the header without a batch", request(extra=["CIMBatch:"]), 400, "header-mismatch"),
    Case(
        "an export",
        request(without=HEAD_ONLY, extra=["CIMExport: MethodRequest"]),
        400,
        "unsupported-operation",
    ),
    Case("H10 not well-formed", replaced("</CIM>", "</CIX>"), 400, "request-not-well-formed"),
    Case("H10 empty", request(raw_body=b""), 400, "request-not-well-formed"),
    Case("H10 another root", request(raw_body=b"<MIC/>"), 400, "request-not-valid"),
    Case("H10 no version", replaced(' CIMVERSION="2.0"', ""), 400, "request-not-valid"),
    Case("H10 no ID", replaced(' ID="7"', ""), 400, "request-not-valid"),
    Case("H10 a foreign element", replaced("<IPARAMVALUE", "<OTHER/><IPARAMVALUE"), 400, "request-not-valid"),
    Case("H10 no namespace path", request(raw_body=WITHOUT_NAMESPACE), 400, "request-not-valid"),
    Case("H11 an unknown operation", request(call("MakeCoffee", "")), 200, None, 7),
    Case("H11 an unknown class", request(call(parameters=NO_CLASS)), 200, None, 5),
    Case("H11 an unknown namespace", request(call(namespace="root/no")), 200, None, 3),
    Case("H11 an unknown parameter", request(call(parameters=NO_PARAMETER)), 200, None, 4),
    Case("H11 a missing parameter", request(call(parameters="")), 200, None, 4),
    Case("H12 unknown method", request(line="BOGUS /cimom HTTP/1.1"), 501),
    Case("H12 GET", request(line="GET /cimom HTTP/1.1"), 405),
    Case("H12 HEAD", request(line="HEAD /cimom HTTP/1.1"), 405),
    Case("H12 PUT", request(line="PUT /cimom HTTP/1.1"), 405),
    Case("H13 no number", request(Content_Length="845a"), 400),
    Case("H13 twice", request(extra=["Content-Length: 1"]), 400),
    Case("H13 none", request(without=["Content-Length"]), 411),
    Case("H13 too long", request(Content_Length="99999999"), 413),
    Case("H14 unknown coding", request(without=["Content-Length"], extra=["Transfer-Encoding: gzip"]), 501),
    Case("H14 with a length", request(extra=["Transfer-Encoding: chunked"]), 400),
    Case("H15 no type", request(without=["Content-Type"]), 400),
    Case("H15 another type", request(Content_Type="text/html"), 400),
    Case("H15 another charset", request(Content_Type="text/xml; charset=shift_jis"), 400),
    Case("H15 text/xml", request(Content_Type="text/xml"), 200),
    Case("H15 quoted", request(Content_Type='TEXT/XML;charset="UTF-8"'), 200),
    Case("H15 unquoted", request(Content_Type="application/xml; charset=utf-8"), 200),
    Case("H16 Accept without XML", request(extra=["Accept: text/html"]), 406),
    Case("H16 Accept", request(extra=["Accept: text/html, application/xml;q=0.9"]), 200),
    Case("H16 Accept anything", request(extra=["Accept: */*"]), 200),
    Case("H16 Accept-Charset without UTF-8", request(extra=["Accept-Charset: iso-8859-1"]), 406),
    Case("H16 Accept-Encoding does not matter", request(extra=["Accept-Encoding: gzip"]), 200),
    Case("H16 Content-Encoding", request(extra=["Content-Encoding: gzip"]), 415),
    Case("H16 Range", request(extra=["Range: bytes=0-1"]), 406),
    Case(
        "H18 no UTF-8",
        request(raw_body=OK.replace(b"ESM_Alive", b"ESM_\xff")),
        400,
        "request-not-well-formed",
    ),
    Case("H20 no credentials", request(auth=None), 401),
    Case("H20 wrong ones before a wrong body", request(auth=None, raw_body=b"<"), 401),
    Case("H20 before a wrong URL", request(auth=None, line="POST /no HTTP/1.1"), 401),
    Case("unknown URL", request(line="POST /no HTTP/1.1"), 404),
    Case("HTTP/2.0", request(line="POST /cimom HTTP/2.0"), 505),
    Case("an impossible expectation", request(extra=["Expect: 200-ok"]), 417),
    Case("a long head", request(extra=["X: " + "x" * 20000]), 431),
]


def verdict(answer: Answer | None) -> tuple[int, str | None, int | None]:
    assert answer is not None
    return answer.status, answer.cim_error, answer.code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict(agent: RunningAgent, case: Case) -> None:
    answer = ask(agent, case.raw)
    assert verdict(answer) == (case.status, case.cim_error, case.code)
    assert b"Traceback" not in answer.body
    if case.status != 200:
        assert answer.headers["connection"] == "close"
        assert answer.body == b""


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_byte_by_byte(agent: RunningAgent, case: Case, tls: bool) -> None:
    with agent.connect(tls=tls) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for start in range(len(case.raw[:3000])):
                connected.sendall(case.raw[start : start + 1])
            connected.sendall(case.raw[3000:])
        assert verdict(Wire(connected).answer()) == (case.status, case.cim_error, case.code)


# -- what is wrong twice: the first in the order of the layers is told


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            request(line="BOGUS /no HTTP/1.1", auth=None), (501, None), id="method before credentials"
        ),
        pytest.param(request(auth=None, Content_Length="x"), (400, None), id="framing before credentials"),
        pytest.param(
            request(auth=None, Content_Length="99999999"), (401, None), id="credentials before size"
        ),
        pytest.param(request(auth=None, Content_Type="a/b"), (401, None), id="credentials before the type"),
        pytest.param(
            request(Content_Type="a/b", CIMOperation="x"), (400, None), id="the type before CIMOperation"
        ),
        pytest.param(
            request(CIMOperation="x", CIMProtocolVersion="9"),
            (400, "unsupported-operation"),
            id="CIMOperation first",
        ),
        pytest.param(
            request(CIMProtocolVersion="9.0", raw_body=b"<"),
            (501, "unsupported-protocol-version"),
            id="version before the body",
        ),
        pytest.param(
            request(CIMMethod="x", raw_body=b"<"),
            (400, "request-not-well-formed"),
            id="the body before CIMMethod",
        ),
        pytest.param(
            replaced('CIMVERSION="2.0" DTDVERSION="2.0"', 'CIMVERSION="3.0" DTDVERSION="3.0"'),
            (501, "unsupported-cim-version"),
            id="CIM version before DTD version",
        ),
        pytest.param(
            replaced('CIMVERSION="2.0"', 'CIMVERSION="3.0"', CIMMethod="x"),
            (501, "unsupported-cim-version"),
            id="version before mismatch",
        ),
    ],
)
def test_the_first_of_two_faults_is_told(
    agent: RunningAgent, raw: bytes, expected: tuple[int, str | None]
) -> None:
    answer = ask(agent, raw)
    assert (answer.status, answer.cim_error) == expected


@pytest.mark.parametrize(
    ("user", "operation", "parameters", "namespace", "code"),
    [
        pytest.param("viewer", "DeleteInstance", "", "root/no", 2, id="rights before namespace"),
        pytest.param("viewer", "MakeCoffee", "", "root/no", 2, id="rights before support"),
        pytest.param("admin", "MakeCoffee", "", "root/no", 7, id="support before namespace"),
        pytest.param(
            "admin", "GetClass", NO_PARAMETER, "root/no", 3, id="namespace before parameters"
        ),
        pytest.param(
            "admin", "GetClass",
            '<IPARAMVALUE NAME="No"/><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="No"/></IPARAMVALUE>',
            "root/ESMPRO/AS", 4, id="parameters before class",
        ),
        pytest.param(
            "admin", "GetInstance",
            '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="No"/></IPARAMVALUE>',
            "root/ESMPRO/AS", 5, id="class before instance",
        ),
    ],
)  # fmt: skip
def test_the_first_of_two_cim_errors_is_told(
    agent: RunningAgent, user: str, operation: str, parameters: str, namespace: str, code: int
) -> None:
    answer = ask(agent, request(call(operation, parameters, namespace=namespace), auth=basic(user)))
    assert (answer.status, answer.code) == (200, code)


# -- the form of answers


def test_h25_the_headers_of_an_answer(agent: RunningAgent) -> None:
    answer = ask(agent, request(call(message_id="my.id-1")))
    assert answer.headers["cimoperation"] == "MethodResponse"
    assert answer.headers["content-type"] == 'application/xml; charset="utf-8"'
    assert not {"cimmethod", "cimobject", "server", "ext", "man"} & set(answer.headers)
    assert int(answer.headers["wbemserverresponsetime"]) >= 0
    assert b'<MESSAGE ID="my.id-1" ' in answer.body
    assert b'<IMETHODRESPONSE NAME="EnumerateInstanceNames">' in answer.body


@pytest.mark.parametrize("digits", ["00", "42", "73", "99"])
def test_h02_the_headers_of_an_extended_answer(agent: RunningAgent, digits: str) -> None:
    answer = ask(agent, m_post(digits))
    assert answer.status == 200
    assert answer.headers["ext"] == ""
    assert answer.headers["man"] == f"{MAN_URI}; ns={digits}"
    assert answer.headers[f"{digits}-cimoperation"] == "MethodResponse"
    assert "cimoperation" not in answer.headers


@pytest.mark.parametrize("language", ["en", "ja"])
def test_h17_errors_speak_the_language_asked_for(agent: RunningAgent, language: str) -> None:
    raw = request(call(namespace="root/no"), extra=[f"Accept-Language: {language};q=0.9, fr"])
    answer = ask(agent, raw)
    assert answer.headers["content-language"] == language
    assert any(ord(char) > 0x3000 for char in answer.body.decode()) is (language == "ja")


# -- conversations


def test_h26_ten_requests_in_one_segment(agent: RunningAgent) -> None:
    raw = b"".join(request(call(message_id=f"n{number}")) for number in range(10))
    with wire(agent) as connection:
        connection.send(raw)
        bodies = [answer.body for answer in (connection.answer() for _ in range(10)) if answer]
    assert [b'ID="n%d"' % number in body for number, body in enumerate(bodies)] == [True] * 10


@pytest.mark.parametrize("second", [request(auth=None), request(raw_body=b"<"), b"BOGUS / HTTP/1.1\r\n\r\n"])
def test_h26_a_broken_second_request_is_the_last(agent: RunningAgent, second: bytes) -> None:
    before = requests_served(agent)
    with wire(agent) as connection:
        answers = connection.send(request() + second + request() * 3).answers()
    assert [answer.status == 200 for answer in answers] == [True, False]
    assert operations_during(agent, before) <= 2


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_h26_expect(agent: RunningAgent, tls: bool) -> None:
    raw = request(extra=["Expect: 100-continue"])
    head, _, body = raw.partition(b"\r\n\r\n")
    with wire(agent, tls=tls) as connection:
        first = connection.send(head + b"\r\n\r\n").answer()
        second = connection.send(body).answer()
    assert [first and first.status, second and second.status] == [100, 200]


@pytest.mark.parametrize("auth", [None, WRONG], ids=["nobody", "wrong password"])
def test_h26_nobody_is_told_to_continue(agent: RunningAgent, auth: str | None) -> None:
    head = request(auth=auth, extra=["Expect: 100-continue"]).partition(b"\r\n\r\n")[0]
    with wire(agent) as connection:
        assert [answer.status for answer in connection.send(head + b"\r\n\r\n").answers()] == [401]


@pytest.mark.parametrize(
    ("line", "connection_header", "kept"),
    [
        ("POST /cimom HTTP/1.1", "keep-alive", True),
        ("POST /cimom HTTP/1.1", "close", False),
        ("POST /cimom HTTP/1.0", "close", False),
        ("POST /cimom HTTP/1.0", "keep-alive", True),
    ],
)
def test_h26_keep_alive(agent: RunningAgent, line: str, connection_header: str, kept: bool) -> None:
    with wire(agent) as connection:
        first = connection.send(request(line=line, Connection=connection_header)).answer()
        assert first is not None
        assert first.headers.get("connection", "").lower() != ("close" if kept else "keep-alive")
        if kept:
            again = connection.send(request()).answer()
            assert again is not None
            assert again.status == 200
        else:
            assert connection.answer() is None


def test_h26_a_half_closed_client_gets_its_answer(agent: RunningAgent) -> None:
    with wire(agent) as connection:
        connection.send(request() * 3)
        connection.socket.shutdown(socket.SHUT_WR)
        assert [answer.status for answer in connection.answers()] == [200, 200, 200]


def test_no_traceback_was_logged(agent: RunningAgent) -> None:
    assert "Traceback" not in agent.log
