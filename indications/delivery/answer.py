"""An HTTP answer, read within bounds as its bytes arrive (SEC-76). Pure."""

from __future__ import annotations

from dataclasses import dataclass

import httptools

from indications.delivery import Undelivered
from openesm.text import Message

HEAD_BYTES = 16384
BODY_BYTES = 65536
_CHUNKED_BYTES = 8 * (HEAD_BYTES + BODY_BYTES)  # of everything, framing and trailers included


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers by lower-cased name (the first of each), body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _RefusedError(Exception):
    """A bound is broken; its argument is the reason."""


class Answer:
    """Takes the bytes of one answer to a POST."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._fed = 0
        self._head_bytes = 0
        self._in_body = False
        self._status = 0
        self.is_complete = False
        self.keep_alive = False

    @property
    def has_begun(self) -> bool:
        return self._fed > 0

    @property
    def response(self) -> Response:
        """The answer once it is complete."""
        return Response(self._status, self._headers, bytes(self._body))

    def feed(self, data: bytes) -> None:
        """Takes bytes; what follows a complete answer makes the connection one not to use again.

        Raises:
            Undelivered: no HTTP, or longer than it may be.
        """
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as stopped:
            if not self.is_complete:
                raise _undelivered(stopped.__context__) from None
            self.keep_alive = False
        if not self._in_body and self._fed > HEAD_BYTES:
            raise _undelivered(_RefusedError(_HEAD_TOO_LONG))
        if self._fed > _CHUNKED_BYTES:
            raise _undelivered(_RefusedError(_BODY_TOO_LONG))

    def end(self) -> None:
        """The listener has closed; that ends an answer that told no length.

        Raises:
            Undelivered: the answer is not whole.
        """
        self.keep_alive = False
        if not self._in_body or "content-length" in self._headers or "transfer-encoding" in self._headers:
            key = "answer-cut" if self._fed else "answer-none"
            raise Undelivered(Message.of(f"delivery.{key}"), retry=True)
        self.is_complete = True

    # -- called by the parser

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise _RefusedError(Message.of("delivery.answer-not-http"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > HEAD_BYTES:
            raise _RefusedError(_HEAD_TOO_LONG)
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._in_body = self._status >= 200

    def on_body(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > BODY_BYTES:
            raise _RefusedError(_BODY_TOO_LONG)

    def on_message_complete(self) -> None:
        if not self._in_body:
            self._headers.clear()  # 1xx: the answer proper is still to come
        else:
            self.is_complete = True
            self.keep_alive = bool(self._parser.should_keep_alive())


_HEAD_TOO_LONG = Message.of("delivery.answer-head-too-long", most=HEAD_BYTES)
_BODY_TOO_LONG = Message.of("delivery.answer-too-long", most=BODY_BYTES)


def _undelivered(refused: BaseException | None) -> Undelivered:
    reason = refused.args[0] if isinstance(refused, _RefusedError) else Message.of("delivery.answer-not-http")
    return Undelivered(reason, retry=True)
