"""A listener that does as it is told, and certificates of every kind."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OK_BODY = (
    b'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
    b'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication">'
    b"</EXPMETHODRESPONSE></SIMPLEEXPRSP></MESSAGE></CIM>"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OK_BODY) + OK_BODY
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OK_BODY) + OK_BODY
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\n" + OK_BODY


@dataclass(frozen=True)
class Act:
    """What is done with a request: the bytes sent; whether the connection is closed after them."""

    send: bytes = OK
    close: bool = False
    hang: bool = False


@dataclass
class Fake:
    """The listener's side: acts still to come (then OK for ever), and what it saw."""

    acts: list[Act]
    greeting: bytes = b""
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        self.tasks.append(asyncio.current_task())
        writer.write(self.greeting)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                act = self.acts.pop(0) if self.acts else Act()
                writer.write(act.send)
                await writer.drain()
                if act.hang:
                    await reader.read()
                if act.close or act.hang:
                    break
        writer.close()
        self.closed.set()


@contextlib.asynccontextmanager
async def faking(
    acts: Sequence[Act] = (), tls: ssl.SSLContext | None = None, port: int = 0, greeting: bytes = b""
) -> AsyncIterator[Fake]:
    """Runs it on a port of 127.0.0.1, and ends all its connections with it."""
    fake = Fake(list(acts), greeting)
    server = await asyncio.start_server(fake.talk, "127.0.0.1", port, ssl=tls)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for writer in fake.writers:
            with contextlib.suppress(AttributeError):  # a TLS transport of Python 3.11 that is closed already
                writer.transport.abort()
        await asyncio.gather(*(task for task in fake.tasks if task is not None))
        await asyncio.sleep(0)


def certificate(folder: Path, name: str, *, host: str = "localhost", days: int = 10) -> tuple[Path, Path]:
    """A self-signed certificate and its key; negative days for an expired one."""
    cert, key, request = (folder / f"{name}.{ending}" for ending in ("pem", "key", "csr"))
    extensions = folder / "extensions"
    extensions.write_text(f"subjectAltName=DNS:{host}\n")
    new: list[str | Path] = [
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    ]
    sign: list[str | Path] = ["x509", "-req", "-days", str(days), "-in", request, "-signkey", key]
    for argv in [*new, "-keyout", key, "-out", request], [*sign, "-extfile", extensions, "-out", cert]:
        subprocess.run(["openssl", *argv], check=True, capture_output=True)
    return cert, key


def server_side(pair: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context
