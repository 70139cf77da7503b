"""One sender's connection: requests in, answers out in order, within bounds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from esmctl.listener.export import Export, answer, answer_headers, check_head, decode
from esmd.wbem.http1 import ChunkedBody, Head, HttpError, head_end, parse_head

HEAD_BYTES = 16384
BODY_BYTES = 1 << 20
REQUEST_S = 30.0
IDLE_S = 120.0

Receive = Callable[[str, Export], Export]
"""Takes an export of a sender's address; gives it back, with a problem when it cannot be taken."""


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with a sender.

    Args:
        joined: called when the connection is made; False refuses it (too many).
        left: called when it is lost.
    """

    def __init__(
        self, receive: Receive, joined: Callable[[Connection], bool], left: Callable[[Connection], None]
    ) -> None:
        self._receive = receive
        self._joined = joined
        self._left = left
        self._buffer = bytearray()
        self._searched = 0
        self._head: Head | None = None
        self._chunks: ChunkedBody | None = None
        self._closing = False
        self._writable = True
        self.deadline = time.monotonic() + IDLE_S

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it
        self._sender = str((self._transport.get_extra_info("peername") or ("?",))[0])
        if not self._joined(self):
            self._transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._left(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if not self._buffer and self._head is None:
            self.deadline = time.monotonic() + REQUEST_S
        self._buffer += data
        self._advance()

    def pause_writing(self) -> None:
        """A sender that does not read its answers is not read either."""
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._writable = True
        self._transport.resume_reading()
        self._advance()

    # -- called by the server

    def expire(self, now: float) -> None:
        """Ends the connection when its time is over."""
        if now >= self.deadline:
            self._transport.abort()

    # -- the conversation

    def _advance(self) -> None:
        try:
            while self._writable and not self._closing and self._buffer and self._step():
                pass
        except HttpError as refused:
            error = (("CIMError", refused.cim_error),) if refused.cim_error else ()
            self._write(refused.status, (*error, *refused.headers), b"", close=True)

    def _step(self) -> bool:
        """One request; False when it is not all there yet."""
        if self._head is None and not self._read_head():
            return False
        body = self._read_body()
        if body is None:
            return False
        head = self._head
        assert head is not None
        self._head = None
        self.deadline = time.monotonic() + IDLE_S
        export = decode(head, body)
        if export.problem is None:
            export = self._receive(self._sender, export)
        self._write(200, answer_headers(head), answer(export), close=not head.keep_alive, minor=head.minor)
        return True

    def _read_head(self) -> bool:
        end = head_end(self._buffer, self._searched, HEAD_BYTES)
        if end < 0:
            self._searched = len(self._buffer)
            return False
        head = parse_head(bytes(self._buffer[:end]))
        del self._buffer[:end]
        self._searched = 0
        check_head(head)
        if head.length is not None and head.length > BODY_BYTES:
            raise HttpError(413)
        self._head = head
        self._chunks = ChunkedBody(BODY_BYTES) if head.length is None else None
        if head.expects_continue and not self._buffer and head.length != 0:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self) -> bytes | None:
        if self._chunks is not None:
            return self._chunks.feed(self._buffer)
        length = (self._head.length if self._head else 0) or 0
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _write(
        self, status: int, headers: tuple[tuple[str, str], ...], body: bytes, *, close: bool, minor: int = 1
    ) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers)]
        lines.append(f"Content-Length: {len(body)}")
        if close:
            lines.append("Connection: close")
        elif minor == 0:
            lines.append("Connection: Keep-Alive")
        self._transport.write("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + body)
        if close:
            self._end()

    def _end(self) -> None:
        """Closes so that the answer is not lost in a reset: what still comes is read and thrown away."""
        self._closing = True
        self._buffer.clear()
        self.deadline = time.monotonic() + 2.0
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()
