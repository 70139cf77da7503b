"""The listener's sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from esmctl.failure import FailureError
from esmctl.listener.connection import Connection, Receive
from esmctl.ports import holder
from esmd.tls import check_pair
from openesm.text import Message

BACKLOG = 512
CONNECTIONS = 4096
SWEEP_S = 1.0
HANDSHAKE_S = 10.0


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or better with this pair; TlsError when it is none."""
    check_pair(cert, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(cert, key)
    return context


def bind(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets bound to a port of these addresses.

    Raises:
        FailureError: an address is not ours, or the port is taken (by whom, where that can be seen).
    """
    bound: list[socket.socket] = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        bound.append(opened)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            opened.bind((address, port or (bound[0].getsockname()[1] if bound[1:] else 0)))
        except (OSError, OverflowError) as refused:
            for other in bound:
                other.close()
            raise FailureError(_why(address, port, refused)) from refused
    return bound


def every_address() -> list[str]:
    """0.0.0.0, and :: where this host has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return ["0.0.0.0"]  # noqa: S104  a listener is there to be reached
    return ["0.0.0.0", "::"]  # noqa: S104


@contextlib.asynccontextmanager
async def listening(
    sockets: Sequence[socket.socket], tls: ssl.SSLContext | None, receive: Receive
) -> AsyncIterator[None]:
    """Serves on bound sockets; they are closed, and all connections ended, when the block ends."""
    connections: set[Connection] = set()
    loop = asyncio.get_running_loop()

    def joined(connection: Connection) -> bool:
        connections.add(connection)
        return len(connections) <= CONNECTIONS

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            for connection in list(connections):
                connection.expire(time.monotonic())

    async with contextlib.AsyncExitStack() as stack:
        for opened in sockets:
            handshake_s = HANDSHAKE_S if tls else None
            server = await loop.create_server(
                lambda: Connection(receive, joined, connections.discard),
                sock=opened,
                ssl=tls,
                backlog=BACKLOG,
                ssl_handshake_timeout=handshake_s,
            )
            stack.callback(server.close)
        sweeper = asyncio.create_task(sweep())
        stack.callback(sweeper.cancel)
        yield
    for connection in list(connections):
        connection.expire(float("inf"))
    await asyncio.sleep(0)


def _why(address: str, port: int, refused: Exception) -> Message:
    who = holder(port) if port else None
    if who:
        return Message.of("listen.port-taken", port=port, holder=who)
    reason = getattr(refused, "strerror", None) or str(refused)
    return Message.of("listen.cannot-bind", address=address, port=port, reason=reason)
