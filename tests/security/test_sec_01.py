"""SEC-01: without valid credentials there is 401 and nothing else, on every URL, and no operation runs."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import basic, operations_during, request, requests_served, wire

URLS = ("/cimom", "/", "/control", "/nothing", "/wsman")
GOOD = basic()
NOBODY = [
    pytest.param([], id="no header"),
    pytest.param([""], id="empty"),
    pytest.param(["Basic"], id="no token"),
    pytest.param(["Basic !!!"], id="bad base64"),
    pytest.param(["Basic YWRtaW4"], id="no colon"),
    pytest.param([basic("", "x")], id="empty user"),
    pytest.param([basic("admin", "")], id="empty password"),
    pytest.param([basic("admin", b"correct horse 7\0junk")], id="NUL after the password"),
    pytest.param([basic("admin\0", "correct horse 7")], id="NUL after the user"),
    pytest.param(["Bearer x"], id="Bearer"),
    pytest.param(["Negotiate x"], id="Negotiate"),
    pytest.param(["Local admin"], id="Local"),
    pytest.param([GOOD, GOOD], id="two headers"),
    pytest.param([GOOD, "Basic eDp5"], id="two headers, the first good"),
    pytest.param(["Basic " + "A" * 12000], id="12 KB"),
    pytest.param([f"{GOOD}, {GOOD}"], id="two in one header"),
]


@pytest.mark.parametrize("where", ["CIM-XML over HTTP", "CIM-XML over HTTPS", "WS-Management"])
@pytest.mark.parametrize("values", NOBODY)
def test_sec_01_nobody_gets_401(agent: RunningAgent, values: list[str], where: str) -> None:
    before = requests_served(agent)
    port = agent.wsman_port if where == "WS-Management" else 0
    for url in URLS:
        headers = [f"Authorization: {value}" for value in values]
        raw = request(line=f"POST {url} HTTP/1.1", auth=None, extra=headers)
        with wire(agent, tls=where != "CIM-XML over HTTP", port=port) as connection:
            answers = connection.send(raw).answers()
        assert [answer.status for answer in answers] == [401]
        assert answers[0].headers["www-authenticate"] == 'Basic realm="OpenESM", charset="UTF-8"'
        assert answers[0].body == b""
    assert operations_during(agent, before) == 0


@pytest.mark.parametrize("method", ["POST", "M-POST"])
def test_sec_01_a_100_kb_header_never_gets_that_far(agent: RunningAgent, method: str) -> None:
    before = requests_served(agent)
    raw = request(line=f"{method} /cimom HTTP/1.1", auth="Basic " + "A" * 100_000)
    with wire(agent) as connection:
        assert [answer.status for answer in connection.send(raw).answers()] == [431]
    assert operations_during(agent, before) == 0


def test_sec_01_the_name_of_the_header_has_no_case(agent: RunningAgent) -> None:
    with wire(agent) as connection:
        answer = connection.send(request(auth=None, extra=[f"authorization: {GOOD}"])).answer()
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_sec_01_a_connection_inherits_nothing(agent: RunningAgent, tls: bool) -> None:
    before = requests_served(agent)
    with wire(agent, tls=tls) as connection:
        first = connection.send(request()).answer()
        rest = connection.send(request(auth=None)).answers()
    assert first is not None
    assert [first.status, *(answer.status for answer in rest)] == [200, 401]
    assert operations_during(agent, before) == 1


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_sec_01_a_pipelined_request_inherits_nothing(agent: RunningAgent, tls: bool) -> None:
    before = requests_served(agent)
    with wire(agent, tls=tls) as connection:
        answers = connection.send(request() + request(auth=None) + request()).answers()
    assert [answer.status for answer in answers] == [200, 401]
    assert operations_during(agent, before) == 1


@pytest.mark.parametrize("auth", [None, basic("admin", "wrong")], ids=["no header", "wrong password"])
def test_sec_01_a_body_that_comes_first_waits_for_the_decision(agent: RunningAgent, auth: str | None) -> None:
    before = requests_served(agent)
    body = request().partition(b"\r\n\r\n")[2]
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    raw = request(
        auth=auth, without=["Content-Length"], extra=["Transfer-Encoding: chunked"], raw_body=chunks
    )
    with wire(agent) as connection:
        answers = connection.send(raw).answers()
    assert [answer.status for answer in answers] == [401]
    assert operations_during(agent, before) == 0
