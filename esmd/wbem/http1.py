"""HTTP/1.1 request heads and chunked bodies, strictly read, without sockets (DSP0200 6.2, RFC 9112).

httptools (llhttp) reads the head once its bounds are known; what it lets pass and a CIM server must not
(bare LF, folded lines, doubled framing headers, lengths beyond 64 bits) is refused here. M-POST, which no
ready parser takes, becomes POST before the parser sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httptools

MAN_URI = "http://www.dmtf.org/cim/mapping/http/v1.0"
METHODS = frozenset(
    b"GET HEAD POST M-POST PUT DELETE CONNECT OPTIONS TRACE PATCH COPY LOCK MKCOL MOVE PROPFIND "
    b"PROPPATCH SEARCH UNLOCK".split()
)

_HEADER_PART = b"\r\n\r\n"
_BAD_LINE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\n[ \t]|\x00")  # a CR at the end may be half a line end
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]{1,8192}) HTTP/1\.([01])\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_MAN = re.compile(r'\s*"?(?P<uri>[^";\s]+)"?\s*;\s*ns\s*=\s*"?(?P<ns>[0-9]{2})"?\s*\Z')
_SINGLE = frozenset({"content-length", "transfer-encoding", "host", "content-type", "authorization", "man"})


class HttpError(Exception):
    """A request that ends before any operation: status, and headers of the answer.

    After it the connection is closed: what follows a broken request cannot be told from its rest.
    """

    def __init__(self, status: int, cim_error: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, cim_error)
        self.status = status
        self.cim_error = cim_error
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head.

    Attributes:
        method: POST for M-POST too; then `man` is the two-digit prefix of the extension's headers.
        fields: lower-cased name -> value; the CIM headers of an M-POST without their prefix.
        repeated: names that came more than once (the first value is in `fields`).
        length: of the body in bytes; None when it is chunked.
    """

    method: str
    target: str
    minor: int
    fields: dict[str, str]
    repeated: frozenset[str] = frozenset()
    length: int | None = 0
    man: str = ""

    @property
    def keep_alive(self) -> bool:
        options = self.fields.get("connection", "").lower()
        return "close" not in options and (self.minor == 1 or "keep-alive" in options)

    @property
    def expects_continue(self) -> bool:
        return "expect" in self.fields


@dataclass(slots=True)
class _Fields:
    """Collects what the parser calls back."""

    values: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        if key in self.values:
            self.repeated.add(key)
        else:
            self.values[key] = value.decode("latin-1").strip(" \t")


def head_end(buffer: bytearray, searched: int, limit: int) -> int:
    """Where the head ends (after its blank line), or -1 when it is not all there yet.

    Raises:
        HttpError: 400 for a request that can never become one, 431 when it is longer than `limit`.
    """
    found = buffer.find(_HEADER_PART, max(0, searched - 3), limit)
    if found >= 0:
        return found + len(_HEADER_PART)
    if len(buffer) >= limit:
        raise HttpError(431)
    if _BAD_LINE.search(buffer, max(0, searched - 1)):
        raise HttpError(400)
    return -1


def parse_head(head: bytes) -> Head:
    """Reads a complete head, blank line included.

    Raises:
        HttpError: 400, 411, 417, 501, 505 or 510, as wbem standards H01 to H14 ask.
    """
    if _BAD_LINE.search(head):
        raise HttpError(400)
    line, _, rest = head.partition(b"\r\n")
    match = _REQUEST_LINE.match(line)
    if not match:
        version = line.rpartition(b" HTTP/")[2]
        raise HttpError(505 if re.fullmatch(rb"[02-9](\.[0-9])?", version) else 400)
    method, target, minor = match[1], match[2].decode("ascii"), int(match[3])
    if method not in METHODS:
        raise HttpError(501)
    if method not in (b"POST", b"M-POST"):
        raise HttpError(405, headers=(("Allow", "POST, M-POST"),))
    found = _Fields()
    try:
        httptools.HttpRequestParser(found).feed_data(b"POST / HTTP/1.1\r\n" + rest)
    except httptools.HttpParserUpgrade:
        pass  # an offer that a server may leave unanswered (RFC 9110 7.8)
    except httptools.HttpParserError:
        raise HttpError(_status_of_bad_framing(rest)) from None
    man = _extension(found) if method == b"M-POST" else ""
    return Head(
        method="POST",
        target=target,
        minor=minor,
        fields=found.values,
        repeated=frozenset(found.repeated),
        length=_body_length(found, minor),
        man=man,
    )


def _status_of_bad_framing(rest: bytes) -> int:
    """llhttp refuses some transfer codings itself; they are 501, all else is 400."""
    unknown = re.search(rb"(?im)^transfer-encoding:[ \t]*(?!chunked[ \t]*\r)[!-~]+[ \t]*\r$", rest)
    return 501 if unknown and not re.search(rb"(?im)^content-length:", rest) else 400


def _body_length(found: _Fields, minor: int) -> int | None:
    """The body's length in bytes, None for a chunked one; the framing headers must leave no doubt."""
    fields = found.values
    if found.repeated & _SINGLE - {"authorization"} or (minor == 1 and not fields.get("host")):
        raise HttpError(400)
    if fields.get("expect", "100-continue").lower() != "100-continue":
        raise HttpError(417)
    if "transfer-encoding" in fields:
        if "content-length" in fields or minor == 0:
            raise HttpError(400)
        if fields["transfer-encoding"].lower() != "chunked":
            raise HttpError(501)
        return None
    if "content-length" not in fields:
        raise HttpError(411)
    if not _LENGTH.match(fields["content-length"]):
        raise HttpError(400)
    return int(fields["content-length"])


def _extension(found: _Fields) -> str:
    """The header prefix of an M-POST; its `NN-CIM…` headers lose the prefix (RFC 2774, DSP0200 6.2).

    No other header does: a prefixed one must not replace what frames or authenticates the request.
    """
    match = _MAN.match(found.values.get("man", ""))
    if not match or match["uri"] != MAN_URI:
        raise HttpError(510)
    prefix = f"{match['ns']}-"
    for name in [name for name in found.values if name.startswith(f"{prefix}cim")]:
        found.values[name[len(prefix) :]] = found.values.pop(name)
        if name in found.repeated:
            found.repeated.add(name[len(prefix) :])
    return match["ns"]


class ChunkedBody:
    """Takes a chunked body apart as its bytes arrive; no extensions, no trailers but ignored ones."""

    _SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
    _TRAILER = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}:[^\r\n\x00]{0,256})?\r\n")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._total = 0
        self._left = 0  # bytes of the current chunk with its CRLF still to come
        self._in_trailers = False
        self._trailers = 0

    def feed(self, buffer: bytearray) -> bytes | None:
        """Consumes from `buffer` what belongs to the body; the whole body once it is complete.

        Raises:
            HttpError: 400 for broken framing, 413 when the body is longer than the limit.
        """
        while buffer:
            if self._in_trailers:
                match = self._TRAILER.match(buffer)
                if not match:
                    return self._need_line(buffer, 322)
                self._trailers += 1
                del buffer[: match.end()]
                if match.end() == 2:
                    return b"".join(self._pieces)
                if self._trailers > 16:
                    raise HttpError(400)
            elif self._left:
                if not self._take(buffer):
                    return None
            else:
                match = self._SIZE.match(buffer)
                if not match:
                    return self._need_line(buffer, 10)
                size = int(match[1], 16)
                self._total += size
                if self._total > self._limit:
                    raise HttpError(413)
                del buffer[: match.end()]
                self._in_trailers = size == 0
                self._left = size + 2 if size else 0
        return None

    def _take(self, buffer: bytearray) -> bool:
        if self._left > 2:
            piece = bytes(buffer[: self._left - 2])
            self._pieces.append(piece)
            self._left -= len(piece)
            del buffer[: len(piece)]
        if self._left <= 2 and len(buffer) >= self._left:
            if buffer[:2] != b"\r\n":
                raise HttpError(400)
            del buffer[:2]
            self._left = 0
            return True
        if self._left <= 2 and buffer and buffer[:1] != b"\r":
            raise HttpError(400)
        return False

    @staticmethod
    def _need_line(buffer: bytearray, longest: int) -> None:
        if b"\n" in buffer or len(buffer) > longest:
            raise HttpError(400)
