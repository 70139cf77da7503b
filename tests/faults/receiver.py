"""A listener that remembers everything, in a thread of the tests: it outlives the agents that are killed."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from tests.checker import Told
from tests.running import eventually

_BODY = b'<EXPMETHODRESPONSE NAME="ExportIndication"></EXPMETHODRESPONSE>'
_XML = (
    b'<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" '
    b'PROTOCOLVERSION="1.0"><SIMPLEEXPRSP>%b</SIMPLEEXPRSP></MESSAGE></CIM>' % _BODY
)


def accepted(number: bytes) -> bytes:
    """The answer to a request of this ID: it was taken."""
    xml = _XML.replace(b'ID="1"', b'ID="%b"' % number)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nCIMExport: MethodResponse\r\n"
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(xml), xml)


ACCEPTED = accepted(b"1")
_ID = re.compile(rb'<MESSAGE ID="([^"]*)"')
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


def told_in(target: str, body: bytes) -> Told:
    """What an ExportIndication request says to the checker; its destination is the request's target."""
    return Told(
        target,
        _value(body, b"SequenceContext"),
        int(_value(body, b"SequenceNumber")),
        _value(body, b"AlertUUID"),
    )


def _value(body: bytes, name: bytes) -> str:
    match = re.search(rb'NAME="%b"[^>]*>\s*<VALUE>([^<]*)</VALUE>' % name, body)
    assert match, body
    return match[1].decode()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def error(code: int) -> bytes:
    """HTTP 200 with an ERROR, as a listener whose queue is full says it (I18)."""
    refusal = (
        b'<EXPMETHODRESPONSE NAME="ExportIndication"><ERROR CODE="%d"></ERROR></EXPMETHODRESPONSE>' % code
    )
    return answer("200 OK", _XML.replace(_BODY, refusal))


@dataclass(frozen=True)
class Manner:
    """How a destination behaves: what it answers, how much of that at a time, and what it does then.

    Attributes:
        takes: it has the indication, whatever it answers.
        drip_s: seconds between two bytes; 0 sends all at once.
    """

    send: bytes = ACCEPTED
    takes: bool = True
    close: bool = False
    drip_s: float = 0.0


GOOD = Manner()


class Receiver:
    """Takes what comes to a port of loopback; each path is a destination with manners of its own.

    Attributes:
        seen: what was taken; `arrived` when, by the monotonic clock.
        asked: how many requests came to each path.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Told] = []
        self.arrived: list[float] = []
        self.asked: Counter[str] = Counter()
        self.head = b""  # of the last request
        self.manners: dict[str, Manner] = {}
        self.port = 0
        self.tls = tls
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Transport] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def url(self, name: str) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}/{name}"

    def open(self) -> None:
        """Listens, on the port that it had before."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def shut(self) -> None:
        """Stops listening and drops every connection: nobody is there."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def has(self, destination: str, count: int) -> bool:
        """Whether so many different indications came to a destination."""
        return len({told.uuid for told in self.seen if told.destination == f"/{destination}"}) >= count

    def wait_for(self, destination: str, count: int, within_s: float = 30.0) -> None:
        eventually(lambda: self.has(destination, count), f"{count} indications at {destination}", within_s)

    async def _open(self) -> None:
        if self._server is not None:
            return
        self._server = await self._loop.create_server(
            lambda: _Taking(self), "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()


class _Taking(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._receiver._connections.add(self._transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._receiver._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            match = _LENGTH.search(self._buffer, 0, end)
            assert match, self._buffer
            whole = end + 4 + int(match[1])
            if len(self._buffer) < whole:
                return
            self._receiver.head = self._buffer[: end + 4]
            target = self._buffer.split(b" ", 2)[1].decode()
            body = self._buffer[end + 4 : whole]
            self._buffer = self._buffer[whole:]
            self._take(target, told_in(target, body), _ID.search(body))

    def _take(self, target: str, told: Told, number: re.Match[bytes] | None) -> None:
        receiver = self._receiver
        manner = receiver.manners.get(target, GOOD)
        receiver.asked[target] += 1
        if manner.takes:
            receiver.seen.append(told)
            receiver.arrived.append(time.monotonic())
        if manner.drip_s:
            self._drip(manner.send, manner.drip_s)
        elif manner.send is ACCEPTED and number is not None:
            self._transport.write(accepted(number[1]))
        elif manner.send:
            self._transport.write(manner.send)
        if manner.close:
            self._transport.close()

    def _drip(self, left: bytes, pause_s: float) -> None:
        if left and not self._transport.is_closing():
            self._transport.write(left[:1])
            asyncio.get_running_loop().call_later(pause_s, self._drip, left[1:], pause_s)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(tls)
    try:
        receiver.open()
        yield receiver
    finally:
        receiver.close()
