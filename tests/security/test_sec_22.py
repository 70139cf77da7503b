"""SEC-22: a request whose end is in doubt is refused, and nothing after it is carried out."""

from __future__ import annotations

import pytest

from esmd.wbem.http1 import MAN_URI
from tests.running import RunningAgent
from tests.security.wire import call, operations_during, request, requests_served, wire

BODY = call()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
CODING = "Transfer-Encoding: chunked"


def chunked(raw_body: bytes = CHUNKED, *extra: str) -> bytes:
    return request(without=["Content-Length"], extra=[CODING, *extra], raw_body=raw_body)


def prefixed(name: str, value: str) -> bytes:
    lines = [f"Man: {MAN_URI}; ns=73", "73-CIMOperation: MethodCall", "73-CIMMethod: EnumerateInstanceNames"]
    return request(
        line="M-POST /cimom HTTP/1.1",
        without=["CIMOperation", "CIMMethod", "CIMObject"],
        extra=[*lines, "73-CIMObject: root/ESMPRO/AS", f"73-{name}: {value}"],
    )


DOUBTFUL = [
    pytest.param(request(extra=[CODING], raw_body=CHUNKED), id="length and coding"),
    pytest.param(request(extra=["Content-Length: 0"]), id="two lengths"),
    pytest.param(request(extra=[f"Content-Length: {len(BODY)}"]), id="the same length twice"),
    pytest.param(chunked(CHUNKED, CODING), id="two codings"),
    pytest.param(request(extra=["Transfer-Encoding: identity"]), id="identity and length"),
    pytest.param(chunked(CHUNKED.replace(b"\r\n", b";a=b\r\n", 1)), id="chunk extension"),
    pytest.param(chunked(CHUNKED.replace(b"\r\n0", b"XX0")), id="a chunk without its end"),
    pytest.param(chunked(CHUNKED.replace(b"\r\n", b"\n")), id="chunks with bare LF"),
    pytest.param(chunked(b"0x" + CHUNKED), id="0x in a size"),
    pytest.param(request(extra=["X: a\n Y: b"]), id="bare LF in the head"),
    pytest.param(request().replace(b"\r\n", b"\n"), id="bare LFs"),
    pytest.param(request(extra=["X: a", " b"]), id="folded line"),
    pytest.param(request(extra=["Content-Length : 0"]), id="blank before the colon"),
    pytest.param(request(extra=["X: a\rContent-Length: 0"]), id="bare CR"),
    pytest.param(request(extra=["Content\0-Length: 0"]), id="NUL in a name"),
]


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
@pytest.mark.parametrize("raw", DOUBTFUL)
def test_sec_22_doubtful_framing(agent: RunningAgent, raw: bytes, tls: bool) -> None:
    before = requests_served(agent)
    with wire(agent, tls=tls) as connection:
        answers = connection.send(raw + request()).answers()
    assert [answer.status for answer in answers] == [400]
    assert answers[0].headers["connection"] == "close"
    assert operations_during(agent, before) == 0


def test_sec_22_trailers_override_nothing(agent: RunningAgent) -> None:
    trailers = (
        b"Content-Length: 5\r\nAuthorization: Basic eDp5\r\nCIMMethod: GetClass\r\nConnection: close\r\n"
    )
    raw = chunked(CHUNKED[:-2] + trailers + b"\r\n")
    with wire(agent) as connection:
        answers = [connection.send(raw + request(Connection="close")).answer(), *connection.answers()]
    assert [answer and answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("name", "value"),
    [("Content-Length", "5"), ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("Host", "evil")],
)
def test_sec_22_an_extension_prefix_reframes_nothing(agent: RunningAgent, name: str, value: str) -> None:
    with wire(agent) as connection:
        answers = [connection.send(prefixed(name, value) + request(Connection="close")).answer()]
        answers += connection.answers()
    assert [answer and answer.status for answer in answers] == [200, 200]


def test_sec_22_a_body_longer_than_it_says_is_the_next_request(agent: RunningAgent) -> None:
    before = requests_served(agent)
    with wire(agent) as connection:
        answers = connection.send(
            request(raw_body=BODY + b"GARBAGE\r\n\r\n", Content_Length=str(len(BODY)))
        ).answers()
    assert [answer.status for answer in answers] == [200, 400]
    assert operations_during(agent, before) == 1
