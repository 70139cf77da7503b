"""One client connection: bytes in, requests to the service in order, answers out, within bounds.

Every phase has a deadline on the monotonic clock; the server looks at all connections once a second, so a
connection costs no timer of its own. After an answer that refuses a request, what the client still sends is
read and thrown away for a moment, so that the answer is not lost in a reset.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol, cast

from esmd.auth.authenticator import Unauthenticated
from esmd.auth.peer import Peer, client_certificate, peer_uid
from esmd.auth.principal import Principal
from esmd.wbem.http1 import ChunkedBody, Head, HttpError, head_end, parse_head
from openesm.settings import Limits

LINGER_S = 2.0
HANDSHAKE_S = 20.0
REALM = "OpenESM"

log = logging.getLogger("openesm.http")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `headers` are those beyond Content-Length, Connection and Date-like ones."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    close: bool = False


class Service(Protocol):
    """What answers requests behind the HTTP layer."""

    def check(self, head: Head, peer: Peer) -> None:
        """Looks at the head alone, before the body is read; HttpError refuses.

        What passed once is not asked about again on its connection.
        """

    def is_open_to_all(self, head: Head) -> bool:
        """Whether the request needs no principal: then `answer_all` has it, and never `answer`."""

    def answer_all(self, head: Head, body: bytes) -> Response:
        """Answers a request that is open to all; HttpError refuses."""

    def authenticate(self, head: Head, peer: Peer) -> Principal | Awaitable[Principal]:
        """The request's principal; Unauthenticated refuses."""

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        """Carries the request out; HttpError refuses."""


class Phase(IntEnum):
    HANDSHAKE = auto()
    IDLE = auto()
    HEAD = auto()
    AUTHENTICATING = auto()
    BODY = auto()
    WORKING = auto()
    CLOSING = auto()


@lru_cache(8)
def _deadlines(limits: Limits) -> Mapping[Phase, float]:
    """Seconds that each phase may last."""
    bounded = {
        Phase.IDLE: limits.idle_s,
        Phase.HEAD: limits.header_s,
        Phase.BODY: limits.body_s,
        Phase.CLOSING: LINGER_S,
    }
    return {phase: bounded.get(phase, float("inf")) for phase in Phase}


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client.

    Args:
        service: authenticates and answers.
        limits: bounds and deadlines.
        joined: called with the connection when it is made; False refuses it (too many).
        left: called when it is lost.
    """

    def __init__(
        self,
        service: Service,
        limits: Limits,
        joined: Callable[[Connection], bool],
        left: Callable[[Connection], None],
    ) -> None:
        self._service = service
        self._limits = limits
        self._seconds = _deadlines(limits)
        self._joined = joined
        self._left = left
        self._buffer = bytearray()
        self._searched = 0
        self._phase = Phase.IDLE
        self._head: Head | None = None
        self._last_head: tuple[bytes, Head] | None = None
        self._checked: Head | None = None
        self._chunks: ChunkedBody | None = None
        self._principal: Principal | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = True
        self._reading = True
        self._draining = False
        self._ended = False  # the client has said that it sends no more
        self.deadline = 0.0
        self.peer = Peer("")

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it
        self.peer = _peer_of(self._transport)
        self._to(Phase.IDLE)
        if not self._joined(self):
            self._transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._left(self)
        if self._task is not None:
            self._task.cancel()
        self._buffer.clear()
        self._last_head = None

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.CLOSING:
            return
        self._buffer += data
        if self._phase in (Phase.AUTHENTICATING, Phase.WORKING):
            if len(self._buffer) > self._limits.header_bytes:
                self._pause()
            return
        self._advance()

    def eof_received(self) -> bool:
        """A client may close its side and still read the answer to what it sent."""
        self._ended = True
        return self._phase in (Phase.AUTHENTICATING, Phase.WORKING) and not self.peer.tls

    def pause_writing(self) -> None:
        self._writable = False
        self.deadline = time.monotonic() + self._limits.write_s

    def resume_writing(self) -> None:
        self._writable = True
        self._to(self._phase)
        if self._phase in (Phase.IDLE, Phase.HEAD):
            self._advance()

    # -- deadlines and shutdown, called by the server

    def expire(self, now: float) -> None:
        """Closes the connection when its phase has lasted too long."""
        if now >= self.deadline:
            self._transport.abort()

    def drain(self) -> None:
        """Finishes the request in hand, then closes."""
        self._draining = True
        if self._phase is Phase.CLOSING or (self._phase in (Phase.IDLE, Phase.HEAD) and not self._buffer):
            self._transport.close()

    # -- the conversation

    def _to(self, phase: Phase) -> None:
        self._phase = phase
        seconds = self._seconds[phase] if self._writable else self._limits.write_s
        self.deadline = time.monotonic() + seconds

    def _advance(self) -> None:
        """Takes the buffer apart until it needs more bytes, or a request is being worked on."""
        try:
            while self._writable and (self._buffer or self._is_complete()):
                if not self._take_next():
                    break
        except HttpError as refused:
            self._refuse(refused)
        except Exception:
            self._fail()
        if self._ended and self._phase in (Phase.IDLE, Phase.HEAD, Phase.BODY):
            self._transport.close()

    def _take_next(self) -> bool:
        """One request further; False when more bytes are needed, or this one is worked on."""
        if self._phase in (Phase.IDLE, Phase.HEAD):
            if not self._read_head():
                if self._phase is Phase.IDLE:
                    self._to(Phase.HEAD)
                return False
            self._phase = Phase.BODY  # most bodies are here already: then it needs no deadline
            if self._read_body():
                return True
            if self._phase is Phase.BODY:
                self._to(Phase.BODY)
            return False
        return self._phase is Phase.BODY and self._read_body()

    def _is_complete(self) -> bool:
        """A request without a body needs no more bytes."""
        return self._phase is Phase.BODY and self._head is not None and self._head.length == 0

    def _read_head(self) -> bool:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":  # RFC 9112 2.2: empty lines before a request are ignored
            del buffer[:2]
        end = head_end(buffer, self._searched, self._limits.header_bytes)
        if end < 0:
            self._searched = len(buffer)
            return False
        raw = bytes(buffer[:end])
        del buffer[:end]
        self._searched = 0
        if self._last_head is not None and self._last_head[0] == raw:
            head = self._last_head[1]
        else:
            head = parse_head(raw)
            self._last_head = (raw, head)
        self._head = head
        if self._service.is_open_to_all(head):
            self._accept(head, None)
            return True
        try:
            verdict = self._service.authenticate(head, self.peer)
        except Unauthenticated:
            raise _unauthorized() from None
        if isinstance(verdict, Principal):
            self._accept(head, verdict)
            return True
        self._to(Phase.AUTHENTICATING)
        self._task = asyncio.ensure_future(self._carry_on(self._admit(head, verdict)))
        return False

    async def _admit(self, head: Head, verdict: Awaitable[Principal]) -> None:
        self._accept(head, await verdict)
        self._to(Phase.BODY)

    async def _carry_on(self, step: Coroutine[object, object, None]) -> None:
        """Takes a step that has to be waited for, then goes on with what came meanwhile."""
        try:
            await step
        except Unauthenticated:
            self._refuse(_unauthorized())
        except HttpError as refused:
            self._refuse(refused)
        except Exception:
            self._fail()
        else:
            self._resume()
            self._advance()

    def _accept(self, head: Head, principal: Principal | None) -> None:
        """The head is good: bounds of the body, and 100 Continue for those who wait for it."""
        if head is not self._checked:
            self._service.check(head, self.peer)
            self._checked = head
        if head.length is not None and head.length > self._limits.body_bytes:
            raise HttpError(413)
        self._principal = principal
        self._chunks = ChunkedBody(self._limits.body_bytes) if head.length is None else None
        if head.expects_continue and not self._buffer and head.length != 0:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read_body(self) -> bool:
        """True when the request was answered at once and the next one may be read."""
        head, principal = self._head, self._principal
        assert head is not None
        if self._chunks is not None:
            body = self._chunks.feed(self._buffer)
            if body is None:
                return False
        else:
            length = head.length or 0
            if len(self._buffer) < length:
                return False
            body = bytes(self._buffer[:length])
            del self._buffer[:length]
        self._principal = None
        if principal is None:  # the head was found open to all: nobody is nobody else (SEC-01)
            self._send(head, self._service.answer_all(head, body))
            return self._phase is Phase.IDLE
        answer = self._service.answer(head, principal, body)
        if isinstance(answer, Response):
            self._send(head, answer)
            return self._phase is Phase.IDLE
        self._to(Phase.WORKING)
        self._task = asyncio.ensure_future(self._carry_on(self._finish(head, answer)))
        return False

    async def _finish(self, head: Head, answer: Awaitable[Response]) -> None:
        self._send(head, await answer)

    def _send(self, head: Head, response: Response) -> None:
        closing = response.close or self._draining or not head.keep_alive
        self._write(response, closing, head.minor)
        if closing:
            self._close_gently()
        else:
            self._to(Phase.IDLE)

    def _refuse(self, refused: HttpError) -> None:
        headers = refused.headers
        if refused.cim_error:
            headers = (("CIMError", refused.cim_error), *headers)
        self._write(Response(refused.status, headers), closing=True, minor=1)
        self._close_gently()

    def _fail(self) -> None:
        """A fault of ours: the log has it whole, the client learns only that there was one."""
        log.exception("request from %s failed", self.peer.source)
        self._refuse(HttpError(500))

    def _write(self, response: Response, closing: bool, minor: int) -> None:
        if self._transport.is_closing():
            return
        start, body = _start(response.status, response.headers), response.body
        more = b"Connection: close\r\n" if closing else b"" if minor else b"Connection: Keep-Alive\r\n"
        self._transport.write(b"%bContent-Length: %d\r\n%b\r\n%b" % (start, len(body), more, body))

    def _close_gently(self) -> None:
        self._buffer.clear()
        self._resume()
        self._to(Phase.CLOSING)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()


@lru_cache(512)
def _start(status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Status line and headers of an answer; the same ones come again and again."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _unauthorized() -> HttpError:
    return HttpError(401, headers=(("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),))


def _peer_of(transport: asyncio.Transport) -> Peer:
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return Peer("local", uid=peer_uid(transport.get_extra_info("socket")))
    address = str(name[0])
    tls = transport.get_extra_info("ssl_object")
    certificate = client_certificate(tls) if isinstance(tls, ssl.SSLObject) else None
    return Peer(address, tls is not None, _is_loopback(address), None, certificate)


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")
