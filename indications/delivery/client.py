"""HTTP/1.1 to listeners: one kept-alive connection a destination, one request at a time, everything bounded.

No redirect is followed, nothing compressed is asked for. The address that the guard chose is the one that is
connected to. A connection needs no timer a request: it has one, which is set again when it comes too early.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from indications.delivery import Undelivered, guard, trust
from indications.delivery.answer import Answer, Response
from indications.delivery.export import Refused
from indications.delivery.guard import Address, Network, Target
from indications.delivery.resolve import Resolver
from indications.delivery.trust import Trust, TrustError
from openesm.text import Message

CONNECT_S = 5.0
TOTAL_S = 30.0
IDLE_S = 30.0
HANDSHAKES = 64


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the client may go (see `guard.allowed`), and its deadlines in seconds."""

    allow_loopback: bool = False
    allow: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()
    connect_s: float = CONNECT_S
    total_s: float = TOTAL_S
    idle_s: float = IDLE_S


class Client:
    """What all destinations share: bounds, resolver, and how many connections are opened at a time."""

    def __init__(self, bounds: Bounds = Bounds(), resolver: Resolver | None = None) -> None:
        self.bounds = bounds
        self._resolver = resolver or Resolver()
        self._gate = asyncio.Semaphore(HANDSHAKES)

    def channel(self, url: str, trusted: Trust = Trust(), headers: Iterable[tuple[str, str]] = ()) -> Channel:  # noqa: B008
        """The way to one destination.

        Args:
            headers: sent with every request, beyond Host and Content-Length.

        Raises:
            Undelivered: the URL can be no destination.
        """
        target = guard.parse(url)
        if isinstance(target, Message):
            raise Undelivered(target, retry=False)
        return Channel(self, url, target, trusted, headers)

    async def connect(self, url: str, target: Target, trusted: Trust, deadline: float) -> Connection:
        """A new connection to the first address that is allowed and answers; `deadline` by the loop's clock.

        Raises:
            Undelivered: there is none.
        """
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._resolver.addresses(target.host)
                async with self._gate:
                    return await self._connect_first(url, target, trusted, addresses, deadline)
        except TimeoutError:
            raise Undelivered(_late(target, self.bounds.total_s), retry=True) from None

    async def _connect_first(
        self, url: str, target: Target, trusted: Trust, addresses: tuple[Address, ...], deadline: float
    ) -> Connection:
        share_s = self.bounds.connect_s / max(1, len(addresses))
        failure: Undelivered | None = None
        while True:
            chosen = guard.allowed(
                url,
                addresses,
                allow_loopback=self.bounds.allow_loopback,
                allow=self.bounds.allow,
                ports=self.bounds.ports,
            )
            if isinstance(chosen, Message):
                raise failure or Refused(chosen, retry=True)
            try:
                return await self._connect(target, trusted, chosen, share_s, deadline)
            except Undelivered as failed:
                failure = failed
            addresses = addresses[addresses.index(chosen) + 1 :]

    async def _connect(
        self, target: Target, trusted: Trust, address: Address, connect_s: float, deadline: float
    ) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            tls = trust.context(trusted) if target.is_tls else None
            async with asyncio.timeout(connect_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(self.bounds, deadline),
                    str(address),
                    target.port,
                    ssl=tls,
                    server_hostname=target.host if tls else None,
                )
            connection.check(trusted)
        except TrustError as wrong:
            raise Undelivered(wrong.message, retry=True) from wrong
        except TimeoutError:
            raise Undelivered(_late(target, self.bounds.connect_s), retry=True) from None
        except OSError as failed:
            raise Undelivered(_why(target, failed), retry=True) from failed
        return connection


class Channel:
    """The way to one destination; one `post` at a time."""

    def __init__(
        self, client: Client, url: str, target: Target, trusted: Trust, headers: Iterable[tuple[str, str]]
    ) -> None:
        self._client = client
        self._url = url
        self._target = target
        self._trust = trusted
        lines = (f"POST {target.path} HTTP/1.1", f"Host: {target.authority}")
        more = (f"{name}: {value}" for name, value in headers)
        self._start = "".join(f"{line}\r\n" for line in (*lines, *more)).encode("latin-1")
        self._connection: Connection | None = None

    async def post(self, body: bytes) -> Response:
        """Sends a body and returns the answer, whatever its status.

        A kept connection that turns out to be dead before a byte of the answer came is replaced once.

        Raises:
            Undelivered: no whole answer within the deadlines and bounds.
        """
        deadline = asyncio.get_running_loop().time() + self._client.bounds.total_s
        request = b"%bContent-Length: %d\r\n\r\n%b" % (self._start, len(body), body)
        kept = self._connection
        if kept is not None and kept.is_open:
            try:
                return await kept.exchange(request, deadline)
            except _DeadError:
                pass
        made = await self._client.connect(self._url, self._target, self._trust, deadline)
        self._connection = made
        try:
            return await made.exchange(request, deadline)
        except _DeadError:
            raise Undelivered(Message.of("delivery.answer-none"), retry=True) from None

    def close(self) -> None:
        """Closes the connection; the channel stays usable."""
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


class _DeadError(Exception):
    """The connection was lost before a byte of the answer came."""


class Connection(asyncio.Protocol):
    """One connection; `deadline` by the loop's clock is that of the request it is made for."""

    def __init__(self, bounds: Bounds, deadline: float) -> None:
        self._bounds = bounds
        self._due = deadline
        self._loop = asyncio.get_running_loop()
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_open = False

    def check(self, trusted: Trust) -> None:
        """TrustError, and the end of the connection, when the listener's certificate is not the right one."""
        tls = self._transport.get_extra_info("ssl_object")
        if tls is None:
            return
        try:
            trust.check(trusted, tls.getpeercert(binary_form=True), time.time())
        except TrustError:
            self.abort()
            raise

    async def exchange(self, request: bytes, deadline: float) -> Response:
        """Sends a request and returns the answer.

        Raises:
            _DeadError: the connection was lost before a byte of the answer came.
            Undelivered: the answer is not whole, breaks a bound, or is late.
        """
        self._set_due(deadline)
        self._answer = Answer()
        self._waiter = self._loop.create_future()
        self._transport.write(request)
        try:
            return await self._waiter
        finally:
            if self._answer is not None:  # cancelled: what still comes answers nobody
                self.abort()
                self._answer = None
            self._waiter = None

    def abort(self) -> None:
        was_open, self.is_open = self.is_open, False
        if self._timer is not None:
            self._timer.cancel()
        if was_open:  # a TLS transport of Python 3.11 cannot be aborted twice
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it
        self.is_open = True
        self._set_due(self._due)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:  # nobody asked
            self.abort()
            return
        try:
            answer.feed(data)
        except Undelivered as failed:
            self._fail(failed)
            return
        if answer.is_complete:
            self._finish(answer)

    def eof_received(self) -> None:
        self._lose()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lose()

    def _lose(self) -> None:
        answer = self._answer
        if answer is None:
            self.abort()
        elif not answer.has_begun:
            self._fail(_DeadError())
        else:
            try:
                answer.end()
            except Undelivered as failed:
                self._fail(failed)
            else:
                self._finish(answer)

    # -- the end of a request

    def _finish(self, answer: Answer) -> None:
        if not answer.keep_alive:
            self.abort()
        self._answer = None
        self._set_due(self._loop.time() + self._bounds.idle_s)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(answer.response)

    def _fail(self, failed: Exception) -> None:
        self.abort()
        self._answer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(failed)

    def _set_due(self, due: float) -> None:
        """Moves the deadline; the timer, which looks at the clock itself, only when it would be late."""
        self._due = due
        if self._timer is None or self._timer.when() > due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        """Ends a request that is late, and a connection that is idle."""
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._tick)
        elif self._answer is None:
            self.abort()
        else:
            seconds = self._bounds.total_s
            self._fail(Undelivered(Message.of("delivery.answer-late", seconds=seconds), retry=True))


def _late(target: Target, seconds: float) -> Message:
    return Message.of("delivery.connect-late", host=target.host, port=target.port, seconds=seconds)


def _why(target: Target, failed: OSError) -> Message:
    if isinstance(failed, ssl.SSLError) or (target.is_tls and isinstance(failed, ConnectionResetError)):
        return trust.explain(failed, target.host)
    reason = failed.strerror or str(failed)
    return Message.of("delivery.unreachable", host=target.host, port=target.port, reason=reason)
