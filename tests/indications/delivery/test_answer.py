import pytest

from indications.delivery import Undelivered
from indications.delivery.answer import BODY_BYTES, HEAD_BYTES, Answer
from tests.indications.delivery.fake import OK, OK_BODY, OLD, UNTIL_CLOSE

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n" + OK


def read(data: bytes, step: int, ended: bool) -> Answer:
    answer = Answer()
    for at in range(0, len(data), step):
        answer.feed(data[at : at + step])
    if ended and not answer.is_complete:
        answer.end()
    return answer


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "status", "body", "keep_alive"),
    [
        pytest.param(OK, 200, OK_BODY, True, id="usual"),
        pytest.param(OLD, 200, OK_BODY, False, id="HTTP/1.0"),
        pytest.param(UNTIL_CLOSE, 200, OK_BODY, False, id="without a length"),
        pytest.param(CHUNKED, 200, b"abcde", True, id="chunked"),
        pytest.param(CONTINUED, 200, OK_BODY, True, id="100 first"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, id="no body"),
        pytest.param(b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", 401, b"", True, id="empty body"),
        pytest.param(OK + OK, 200, OK_BODY, False, id="more than was asked for"),
        pytest.param(OK + b"garbage", 200, OK_BODY, False, id="garbage after it"),
        pytest.param(
            OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 200, OK_BODY, False, id="close"
        ),
    ],
)
def test_answers(data: bytes, status: int, body: bytes, keep_alive: bool, step: int) -> None:
    answer = read(data, step, True)
    assert answer.is_complete
    assert (answer.response.status, answer.response.body, answer.keep_alive) == (status, body, keep_alive)
    assert "x-a" not in answer.response.headers


LONG_BODY = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" + b"x" * (BODY_BYTES + 1)


@pytest.mark.parametrize("step", [1000, 1 << 20])
@pytest.mark.parametrize(
    ("data", "key"),
    [
        pytest.param(b"", "none", id="nothing"),
        pytest.param(b"HTTP/1.1 2", "cut", id="cut in the head"),
        pytest.param(OK[:-1], "cut", id="cut in the body"),
        pytest.param(CHUNKED[:-5], "cut", id="cut between chunks"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "not-http", id="another protocol"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02", "not-http", id="TLS alert"),
        pytest.param(
            b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "not-http", id="upgrade"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2 * HEAD_BYTES, "head-too-long", id="endless header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * HEAD_BYTES, "head-too-long", id="endless headers"
        ),
        pytest.param(b"HTTP/1.1 100 C\r\n\r\n" * HEAD_BYTES, "head-too-long", id="100 for ever"),
        pytest.param(LONG_BODY % b"Content-Length: 999999", "too-long", id="long body"),
        pytest.param(LONG_BODY % b"A: b", "too-long", id="long body without a length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (BODY_BYTES + 1),
            "too-long",
            id="endless chunks",
        ),
    ],
)
def test_what_is_no_answer(data: bytes, key: str, step: int) -> None:
    with pytest.raises(Undelivered) as failed:
        read(data, step, True)
    assert (failed.value.reason.key, failed.value.retry) == (f"delivery.answer-{key}", True)
