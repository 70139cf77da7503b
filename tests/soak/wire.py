"""A client's end of a connection, for many of them in one process."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from benchmarks.question import enumerate_instances, question

ANSWER_S = 30.0
_INSTANCENAME = re.compile(rb"<INSTANCENAME .*?</INSTANCENAME>")
_CONTEXT = re.compile(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]*)</VALUE>')


class BadAnswerError(Exception):
    """A good client was not served."""


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> bytes:
        """The whole answer.

        Raises:
            BadAnswerError: another status than 200, an ERROR, no answer in time, or a lost connection.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                self.writer.write(request)
                await self.writer.drain()
                head = await self.reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await self.reader.readexactly(int(length[1])) if length else b""
        except (OSError, EOFError, TimeoutError) as lost:
            raise BadAnswerError(repr(lost)) from lost
        if not head.startswith(b"HTTP/1.1 200 ") or b"<ERROR " in body:
            raise BadAnswerError((head + body)[:1000].decode("utf-8", "replace"))
        return body

    def reset_at_the_end(self) -> None:
        """Makes the kernel end the connection with a reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.asynccontextmanager
async def connected(
    port: int, context: ssl.SSLContext | None = None, *, receive_bytes: int = 0
) -> AsyncIterator[Wire]:
    """A connection to a port of loopback; `receive_bytes` makes the kernel's buffer small."""
    raw = socket.socket()
    with contextlib.closing(raw):
        if receive_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        name = "localhost" if context else None
        wire = Wire(*await asyncio.open_connection(sock=raw, ssl=context, server_hostname=name))
        try:
            yield wire
        finally:
            wire.writer.transport.abort()
            with contextlib.suppress(OSError):
                await wire.writer.wait_closed()


def request(operation: str, parameters: Mapping[str, str], number: int, authorization: str = "") -> bytes:
    """A request; `parameters` are the contents of its IPARAMVALUE elements by their names."""
    elements = "".join(
        f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>' for name, content in parameters.items()
    )
    return question(operation, elements, authorization).numbered(number)


def class_name(name: str) -> str:
    return f'<CLASSNAME NAME="{name}"/>'


def number_value(value: int) -> str:
    return f"<VALUE>{value}</VALUE>"


def first_name(answer: bytes) -> str:
    """The first INSTANCENAME of an answer."""
    found = _INSTANCENAME.search(answer)
    if found is None:
        raise BadAnswerError(answer[:1000].decode("utf-8", "replace"))
    return found[0].decode()


def context_of(answer: bytes) -> str:
    """The enumeration context that an answer gives; "" at the end of the sequence."""
    found = _CONTEXT.search(answer)
    if found is None:
        raise BadAnswerError(answer[-1000:].decode("utf-8", "replace"))
    return found[1].decode()


def everything(number: int) -> bytes:
    """A request with a large answer."""
    return enumerate_instances(names=None).numbered(number)
