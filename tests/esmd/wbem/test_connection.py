"""A client's conversation, without sockets: bytes in, bytes out, in order and within bounds (H26, SEC-24)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from esmd.auth.authenticator import Unauthenticated
from esmd.auth.peer import Peer
from esmd.auth.principal import Principal
from esmd.wbem.connection import Connection, Phase, Response
from esmd.wbem.http1 import Head, HttpError
from openesm.settings import Limits
from tests.esmd.auth.people import People

LIMITS = Limits(header_bytes=1024, body_bytes=1024, header_s=10, body_s=30, write_s=20, idle_s=60)
Story = Callable[["Client"], Awaitable[None]]


class Desk:
    """Answers with what it was asked; knows one user, at once or after a while."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal
        self.slow = False
        self.gate = asyncio.Event()
        self.served: list[bytes] = []

    def check(self, head: Head, peer: Peer) -> None:
        if head.target == "/nothing":
            raise HttpError(404)

    def is_open_to_all(self, head: Head) -> bool:
        return head.target == "/everybody"

    def answer_all(self, _head: Head, body: bytes) -> Response:
        return Response(200, body=b"to all: " + body)

    def authenticate(self, head: Head, peer: Peer) -> Principal | Awaitable[Principal]:
        if self.slow:
            return self._later(head)
        return self._judged(head)

    async def _later(self, head: Head) -> Principal:
        await self.gate.wait()
        return self._judged(head)

    def _judged(self, head: Head) -> Principal:
        if "authorization" not in head.fields:
            raise Unauthenticated("no Authorization header")
        return self._principal

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        self.served.append(body)
        if body == b"bad":
            raise HttpError(400, "request-not-valid")
        if body == b"fault":
            raise ZeroDivisionError
        if body.startswith(b"slow"):
            return self._answer_later(body)
        return Response(200, (), b"[" + body + b"]")

    async def _answer_later(self, body: bytes) -> Response:
        await self.gate.wait()
        return Response(200, (), b"[" + body + b"]")


class Pipe(asyncio.Transport):
    """The agent's end of a connection that leads nowhere."""

    def __init__(self, peer: tuple[str, int]) -> None:
        super().__init__({"peername": peer})
        self.sent = b""
        self.ended = self.closed = self.paused = False
        self.protocol: Connection | None = None
        self.high_water = float("inf")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)
        if len(self.sent) > self.high_water and self.protocol is not None:
            self.protocol.pause_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Client:
    """A client with a connection of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def start(self) -> Client:
        people = People(self._folder, "ann")
        self.desk = Desk(await people.principal("ann"))
        self.pipe = Pipe(("192.0.2.1", 1))
        self.left = 0
        self.connection = Connection(self.desk, LIMITS, lambda _: True, self._count)
        self.pipe.protocol = self.connection
        self.connection.connection_made(self.pipe)
        return self

    def _count(self, _: Connection) -> None:
        self.left += 1

    def say(self, *pieces: bytes) -> Client:
        for piece in pieces:
            self.connection.data_received(piece)
        return self

    async def hear(self) -> bytes:
        """All that was sent once nothing more is in hand."""
        for _ in range(200):
            await asyncio.sleep(0)
        return self.pipe.sent

    @property
    def bodies(self) -> list[bytes]:
        return [part.partition(b"]")[0] for part in self.pipe.sent.split(b"[")[1:]]

    @property
    def over(self) -> bool:
        return self.pipe.ended or self.pipe.closed


def post(body: bytes = b"x", *extra: str, auth: bool = True, first: str = "POST / HTTP/1.1") -> bytes:
    lines = [
        first,
        "Host: h",
        f"Content-Length: {len(body)}",
        *(["Authorization: a"] if auth else []),
        *extra,
    ]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


def told(folder: Path, story: Story) -> None:
    async def run() -> None:
        await story(await Client(folder).start())

    asyncio.run(run())


def single_bytes(raw: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in raw]


TEN = b"".join(post(b"%d" % number) for number in range(10))


@pytest.mark.parametrize("slow", [False, True], ids=["known at once", "known after a while"])
@pytest.mark.parametrize("delivery", [lambda raw: [raw], single_bytes], ids=["one segment", "byte by byte"])
def test_pipelined_requests_are_answered_in_order(
    tmp_path: Path, slow: bool, delivery: Callable[[bytes], list[bytes]]
) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = slow
        client.desk.gate.set()
        for piece in delivery(TEN):
            client.say(piece)
            if client.pipe.paused:
                await client.hear()
        await client.hear()
        assert client.bodies == [b"%d" % number for number in range(10)]
        assert not client.over

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("second", "status"),
    [
        pytest.param(post(b"bad"), 400, id="refused by the codec"),
        pytest.param(post(auth=False), 401, id="nobody"),
        pytest.param(b"BOGUS / HTTP/1.1\r\n\r\n", 501, id="unknown method"),
        pytest.param(post(first="POST /nothing HTTP/1.1"), 404, id="unknown URL"),
        pytest.param(post(b"x" * 2000), 413, id="too long"),
        pytest.param(post(b"fault"), 500, id="a fault of ours"),
    ],
)
def test_a_broken_second_request_ends_the_conversation(tmp_path: Path, second: bytes, status: int) -> None:
    async def story(client: Client) -> None:
        client.say(post(b"1") + second + post(b"3"))
        sent = await client.hear()
        assert client.bodies == [b"1"]
        assert b"HTTP/1.1 %d " % status in sent
        assert sent.endswith(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        assert b"3" not in client.desk.served
        assert client.over
        client.say(post(b"4"))
        assert await client.hear() == sent

    told(tmp_path, story)


@pytest.mark.parametrize("raw", [post(b"bad"), post(b"fault"), post(b"fault", first="POST / HTTP/1.0")])
def test_a_refusal_shows_no_more_than_its_name(tmp_path: Path, raw: bytes) -> None:
    async def story(client: Client) -> None:
        sent = await client.say(raw).hear()
        assert b"Traceback" not in sent
        assert b"Error\r\n" not in sent.replace(b"Internal Server Error\r\n", b"")

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("raw", "sent_on", "over"),
    [
        pytest.param(post(), b"Content-Length: 3\r\n\r\n[x]", False, id="1.1"),
        pytest.param(post(b"x", "Connection: close"), b"Connection: close\r\n\r\n[x]", True, id="1.1 close"),
        pytest.param(post(first="POST / HTTP/1.0"), b"Connection: close\r\n\r\n[x]", True, id="1.0"),
        pytest.param(
            post(b"x", "Connection: keep-alive", first="POST / HTTP/1.0"),
            b"Connection: Keep-Alive\r\n\r\n[x]",
            False,
            id="1.0 keep-alive",
        ),
        pytest.param(post(b""), b"[]", False, id="no body"),
        pytest.param(b"\r\n\r\n" + post(), b"[x]", False, id="empty lines before it"),
    ],
)
def test_keep_alive(tmp_path: Path, raw: bytes, sent_on: bytes, over: bool) -> None:
    async def story(client: Client) -> None:
        sent = await client.say(raw).hear()
        assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
        assert sent.endswith(sent_on)
        assert client.over is over

    told(tmp_path, story)


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("slow", [False, True], ids=["known at once", "known after a while"])
@pytest.mark.parametrize(
    ("auth", "body", "expected"),
    [(True, b"body", CONTINUE), (True, b"", b"HTTP/1.1 200"), (False, b"body", b"HTTP/1.1 401"),
     (True, b"x" * 2000, b"HTTP/1.1 413")],
    ids=["waits", "has no body", "is nobody", "is too long"],
)  # fmt: skip
def test_expect_continue(tmp_path: Path, auth: bool, body: bytes, expected: bytes, slow: bool) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = slow
        client.desk.gate.set()
        head = post(body, "Expect: 100-continue", auth=auth)[: -len(body) or None]
        assert (await client.say(head).hear()).startswith(expected)
        if expected == CONTINUE:
            assert (await client.say(body).hear()).endswith(b"[body]")

    told(tmp_path, story)


def test_a_body_that_came_along_needs_no_continue(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        assert (await client.say(post(b"x", "Expect: 100-continue")).hear()).startswith(b"HTTP/1.1 200")

    told(tmp_path, story)


@pytest.mark.parametrize("pieces", [1, 7], ids=["whole", "in pieces"])
def test_chunked_with_trailers(tmp_path: Path, pieces: int) -> None:
    async def story(client: Client) -> None:
        head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        raw = head + b"2\r\nab\r\n1\r\nc\r\n0\r\nContent-Length: 9\r\n\r\n" + post(b"next")
        step = len(raw) // pieces + 1
        client.say(*(raw[start : start + step] for start in range(0, len(raw), step)))
        await client.hear()
        assert client.bodies == [b"abc", b"next"]

    told(tmp_path, story)


# -- deadlines


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        pytest.param(b"", 60, id="idle"),
        pytest.param(post(), 60, id="idle after an answer"),
        pytest.param(b"P", 10, id="a byte of a head"),
        pytest.param(post() + b"POST", 10, id="the next head"),
        pytest.param(post(b"body")[:-1], 30, id="most of a body"),
        pytest.param(post(b"bad"), 2, id="after a refusal"),
        pytest.param(post(b"slow"), float("inf"), id="working"),
    ],
)
def test_deadlines(tmp_path: Path, raw: bytes, seconds: float) -> None:
    async def story(client: Client) -> None:
        if raw:
            client.say(raw)
        await client.hear()
        now = time.monotonic()
        client.connection.expire(now + min(seconds, 1e9) - 1)
        assert not client.pipe.closed
        if seconds < float("inf"):
            client.connection.expire(now + seconds + 0.1)
            assert client.pipe.closed

    told(tmp_path, story)


def test_more_bytes_do_not_put_the_deadline_of_a_head_off(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        client.say(b"P")
        deadline = client.connection.deadline
        client.say(*single_bytes(b"OST / HTTP/1.1\r\nX: y"))
        assert client.connection.deadline == deadline

    told(tmp_path, story)


def test_an_answer_that_nobody_takes_has_the_deadline_of_writing(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        client.pipe.high_water = 10
        client.say(post() + post())
        await client.hear()
        assert client.bodies == [b"x"], "the next one waits"
        client.connection.expire(time.monotonic() + 20.1)
        assert client.pipe.closed

    told(tmp_path, story)


def test_reading_goes_on_when_the_answer_was_taken(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        client.pipe.high_water = 10
        client.say(post(b"1") + post(b"2"))
        client.pipe.high_water = float("inf")
        client.connection.resume_writing()
        await client.hear()
        assert client.bodies == [b"1", b"2"]
        client.connection.expire(time.monotonic() + 59)
        assert not client.pipe.closed

    told(tmp_path, story)


# -- waiting


@pytest.mark.parametrize("waiting", ["password", "answer"])
def test_a_flood_meanwhile_is_not_read(tmp_path: Path, waiting: str) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = waiting == "password"
        client.say(post(b"slow")).say(post(b"y") * 20)
        await client.hear()
        seen = [client.pipe.paused]
        client.desk.gate.set()
        await client.hear()
        assert [*seen, client.pipe.paused] == [True, False]
        assert client.bodies == [b"slow", *[b"y"] * 20]

    told(tmp_path, story)


@pytest.mark.parametrize("waiting", ["password", "answer"])
def test_a_client_that_leaves_is_forgotten(tmp_path: Path, waiting: str) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = waiting == "password"
        client.say(post(b"slow"))
        await client.hear()
        client.connection.connection_lost(ConnectionResetError())
        client.desk.gate.set()
        assert await client.hear() == b""
        assert client.left == 1

    told(tmp_path, story)


# -- half-closed clients


def test_a_half_closed_client_at_rest_is_let_go(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        for raw in (b"", b"POST", post(b"body")[:-1], post(b"done")):
            other = await Client(tmp_path).start()
            if raw:
                other.say(raw)
            await other.hear()
            assert other.connection.eof_received() is False, raw

    told(tmp_path, story)


@pytest.mark.parametrize("waiting", ["password", "answer"])
def test_a_half_closed_client_still_gets_all_its_answers(tmp_path: Path, waiting: str) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = waiting == "password"
        client.say(post(b"slow1") + post(b"2") + post(b"3"))
        assert client.connection.eof_received() is True
        client.desk.gate.set()
        await client.hear()
        assert client.bodies == [b"slow1", b"2", b"3"]
        assert client.over

    told(tmp_path, story)


def test_a_half_closed_client_whose_body_never_ends_is_let_go(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        client.desk.slow = True
        client.say(post(b"body")[:-1])
        client.connection.eof_received()
        client.desk.gate.set()
        await client.hear()
        assert client.over

    told(tmp_path, story)


# -- shutdown and refusal


@pytest.mark.parametrize("raw", [b"", post(b"done")], ids=["idle", "after an answer"])
def test_a_drained_connection_at_rest_is_closed(tmp_path: Path, raw: bytes) -> None:
    async def story(client: Client) -> None:
        if raw:
            client.say(raw)
        client.connection.drain()
        assert client.pipe.closed

    told(tmp_path, story)


def test_a_drained_connection_finishes_the_request_in_hand(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        client.say(post(b"slow"))
        client.connection.drain()
        assert not client.over
        client.desk.gate.set()
        sent = await client.hear()
        assert sent.endswith(b"Connection: close\r\n\r\n[slow]")
        assert client.over

    told(tmp_path, story)


def test_one_too_many_is_cut_off(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        pipe = Pipe(("192.0.2.1", 2))
        Connection(client.desk, LIMITS, lambda _: False, lambda _: None).connection_made(pipe)
        assert pipe.closed

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("name", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", True),
     ("192.0.2.1", False), ("::2", False), ("::ffff:192.0.2.1", False), ("128.0.0.1", False)],
)  # fmt: skip
def test_loopback(name: str, loopback: bool) -> None:
    connection = Connection(cast(Desk, None), LIMITS, lambda _: True, lambda _: None)
    connection.connection_made(Pipe((name, 1)))
    assert (connection.peer.address, connection.peer.loopback, connection.peer.tls) == (name, loopback, False)
    assert connection.peer.uid is None


def test_every_phase_has_a_name() -> None:
    assert len({phase.name for phase in Phase}) == len(Phase)
