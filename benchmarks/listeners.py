"""The other side of a delivery: HTTPS listeners that take everything, and the bare client that sends to them.

    python -m benchmarks.listeners listen --cert FILE --key FILE
    python -m benchmarks.listeners send --ca FILE --port N --body FILE --listeners N --each N

`listen` prints its port, and then, for each line `N` that it reads, how many seconds lay between the first
and the last of the next N deliveries. `send` is the agent's client alone, with no store behind it: one kept
connection a listener, the same bytes again as soon as they are accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

from indications.delivery.client import Bounds, Channel, Client
from indications.delivery.export import HEADERS, accepted
from indications.delivery.trust import Trust

_XML = (
    b'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" '
    b'PROTOCOLVERSION="1.0"><SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication"></EXPMETHODRESPONSE>'
    b"</SIMPLEEXPRSP></MESSAGE></CIM>"
)
ACCEPTED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nCIMExport: MethodResponse\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_XML), _XML)
)
_END = b"</CIM>"


class Taken:
    """Counts deliveries; times are those of the first and the last since `expect`."""

    def __init__(self) -> None:
        self._missing = 0
        self._first = 0.0
        self._done = asyncio.Event()

    async def expect(self, count: int) -> float:
        """Seconds between the first and the last of the next `count` deliveries."""
        self._missing, self._first = count, 0.0
        self._done.clear()
        await self._done.wait()
        return time.perf_counter() - self._first

    def one(self) -> None:
        if not self._first:
            self._first = time.perf_counter()
        self._missing -= 1
        if self._missing == 0:
            self._done.set()


class Listener(asyncio.Protocol):
    """Takes each request that ends as one, and accepts it."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-len(_END) :]
        if self._tail == _END:
            self._transport.write(ACCEPTED)
            self._taken.one()


async def listen(cert: Path, key: Path) -> None:
    loop, taken = asyncio.get_running_loop(), Taken()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    server = await loop.create_server(lambda: Listener(taken), "127.0.0.1", 0, ssl=tls, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(await taken.expect(int(line)), flush=True)


async def send(ca: Path, port: int, body: bytes, listeners: int, each: int) -> None:
    client = Client(Bounds(allow_loopback=True))
    channels = [
        client.channel(f"https://localhost:{port}/{number}", Trust(ca=ca), HEADERS)
        for number in range(listeners)
    ]

    async def deliver(channel: Channel) -> None:
        for _ in range(each):
            answer = await channel.post(body)
            accepted(answer.status, answer.headers, answer.body)

    before, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(deliver, channels))
    count = listeners * each
    cpu_us = (time.process_time() - before) / count * 1e6
    print(cpu_us, count / (time.perf_counter() - started), flush=True)
    for channel in channels:
        channel.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.listeners")
    sides = parser.add_subparsers(dest="side", required=True)
    listening = sides.add_parser("listen")
    listening.add_argument("--cert", type=Path, required=True)
    listening.add_argument("--key", type=Path, required=True)
    sending = sides.add_parser("send")
    for name in ("--ca", "--body"):
        sending.add_argument(name, type=Path, required=True)
    for name in ("--port", "--listeners", "--each"):
        sending.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if args.side == "listen":
            runner.run(listen(args.cert, args.key))
        else:
            runner.run(send(args.ca, args.port, args.body.read_bytes(), args.listeners, args.each))
    return 0


if __name__ == "__main__":
    sys.exit(main())
