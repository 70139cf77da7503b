"""Listening sockets, and all connections that came through them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from esmd.wbem.connection import HANDSHAKE_S, Connection, Service
from esmd.wbem.ports import holder_of
from openesm.settings import Limits
from openesm.text import Message

BACKLOG = 512
SWEEP_S = 1.0
TRIM_AFTER = 32
LOCAL_BODY_BYTES = 32 << 20  # whole definition files; only those whom the socket lets in can send them

log = logging.getLogger("openesm.http")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to listen on; `context` for TLS."""

    host: str
    port: int
    context: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}"


class ListenError(Exception):
    """An address that cannot be listened on; `message` says why and who holds it."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class Server:
    """Accepts connections within the limits and closes those whose time is over."""

    def __init__(self, service: Service, limits: Limits) -> None:
        self._service = service
        self._limits = limits
        self._listeners: list[tuple[Endpoint | None, asyncio.Server]] = []
        self._connections: set[Connection] = set()
        self._per_address: Counter[str] = Counter()
        self._sweeper: asyncio.TimerHandle | None = None
        self._most = 0  # connections at once since memory was given back
        self._unix: tuple[Path, os.stat_result] | None = None

    @property
    def endpoints(self) -> list[Endpoint]:
        return [endpoint for endpoint, _ in self._listeners if endpoint is not None]

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def listen(self, endpoints: Sequence[Endpoint]) -> None:
        """Listens on these addresses and no others; those already open stay open.

        Raises:
            ListenError: one cannot be opened; the ones before it are.
        """
        wanted = {(e.host, e.port): e for e in endpoints}
        for endpoint, server in list(self._listeners):
            if endpoint is None:
                continue
            changed = wanted.pop((endpoint.host, endpoint.port), None)
            if changed == endpoint:
                continue
            if changed is not None:
                same = socket.socket(fileno=os.dup(server.sockets[0].fileno()))
                self._listeners.append((changed, await self._serve(changed, same)))
            server.close()
            self._listeners.remove((endpoint, server))
        for endpoint in wanted.values():
            self._listeners.append((endpoint, await self._serve(endpoint, _bound(endpoint))))

    async def _serve(self, endpoint: Endpoint, listener: socket.socket) -> asyncio.Server:
        """Accepts on a bound socket; one that another server accepts on still goes on without a gap."""
        return await asyncio.get_running_loop().create_server(
            self._connection,
            sock=listener,
            ssl=endpoint.context,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE_S if endpoint.context else None,
        )

    async def listen_locally(self, path: Path, group: int | None) -> None:
        """Opens the unix socket: for root, its owner, and a group if there is one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o117)
        try:
            listener.bind(str(path))
        except OSError as refused:
            listener.close()
            raise ListenError(
                Message.of("http.socket-failed", path=path, reason=refused.strerror or refused)
            ) from refused
        finally:
            os.umask(mask)
        if group is not None:
            with contextlib.suppress(PermissionError):
                os.chown(path, -1, group)
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(self._local_connection, sock=listener, backlog=BACKLOG)
        self._listeners.append((None, server))
        self._unix = path, path.stat()

    def _connection(self) -> Connection:
        return Connection(self._service, self._limits, self._joined, self._left)

    def _local_connection(self) -> Connection:
        limits = replace(self._limits, body_bytes=max(self._limits.body_bytes, LOCAL_BODY_BYTES))
        return Connection(self._service, limits, self._joined, self._left)

    def _joined(self, connection: Connection) -> bool:
        peer, limits = connection.peer, self._limits
        self._connections.add(connection)
        self._per_address[peer.address] += 1
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        exempt = peer.loopback or peer.uid is not None
        crowded = not exempt and self._per_address[peer.address] > limits.connections_per_address
        return not crowded and len(self._connections) <= limits.connections

    def _left(self, connection: Connection) -> None:
        self._connections.discard(connection)
        address = connection.peer.address
        self._per_address[address] -= 1
        if self._per_address[address] <= 0:
            del self._per_address[address]

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            connection.expire(now)
        self._most = max(self._most, len(self._connections))
        if self._most > 2 * len(self._connections) + TRIM_AFTER:
            self._most = len(self._connections)
            _give_memory_back()
        self._sweeper = (
            asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
            if self._connections or self._most > TRIM_AFTER
            else None
        )

    async def close(self, grace_s: float) -> None:
        """Stops accepting, lets requests in hand finish for `grace_s` seconds, then closes all."""
        for _, server in self._listeners:
            server.close()
        self._listeners.clear()
        for connection in list(self._connections):
            connection.drain()
        until = time.monotonic() + grace_s
        while self._connections and time.monotonic() < until:
            await asyncio.sleep(0.02)
        for connection in list(self._connections):
            connection.expire(float("inf"))
        self._remove_socket()

    def _remove_socket(self) -> None:
        """Removes the unix socket, unless another agent has put its own there meanwhile."""
        if self._unix is None:
            return
        path, ours = self._unix
        with contextlib.suppress(OSError):
            if os.path.samestat(path.stat(), ours):
                path.unlink()


def _bound(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((endpoint.host, endpoint.port))
    except OSError as refused:
        listener.close()
        raise ListenError(_why(endpoint, refused)) from refused
    return listener


def _why(endpoint: Endpoint, refused: OSError) -> Message:
    if refused.errno == errno.EADDRINUSE:
        holder = holder_of(endpoint.port)
        if holder is None:
            return Message.of("http.port-taken", url=endpoint.url)
        return Message.of("http.port-taken-by", url=endpoint.url, pid=holder.pid, command=holder.command)
    return Message.of("http.port-failed", url=endpoint.url, reason=refused.strerror or refused)


def _give_memory_back() -> None:
    """Closed TLS connections leave the C library's heap in pieces that it keeps until it is asked."""
    import ctypes  # rarely needed

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)


def has_ipv6() -> bool:
    """Whether this host can listen on ::1; one without IPv6 is not an error (CAU-23)."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
