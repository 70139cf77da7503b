"""The bare protocol: a server that does what every server must, and gives one answer to everything.

It parses HTTP, gathers the body, compares the Authorization header and writes bytes that it was given; no
XML, no bounds, no deadlines. What the agent costs beyond it is what the agent's own work costs.

    python -m benchmarks.bare --config esmd.toml --answer FILE [--fill]

With `--fill` it also reads the request with ElementTree, and puts message ID and every value into a template
of the answer: what a server for this one question would do, written by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import httptools
import uvloop

from benchmarks.question import basic
from esmd.main import tell_manager
from openesm.settings import load

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


class Bare(asyncio.Protocol):
    """One connection."""

    def __init__(self, answer: Callable[[bytes], bytes], authorization: bytes) -> None:
        self._answer = answer
        self._authorization = authorization
        self._parser = httptools.HttpRequestParser(self)
        self._known = False
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._known = False
        self._body.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._known = hmac.compare_digest(value, self._authorization)

    def on_body(self, piece: bytes) -> None:
        self._body.append(piece)

    def on_message_complete(self) -> None:
        self._transport.write(self._answer(b"".join(self._body)) if self._known else REFUSED)


def filled(answer: bytes) -> Callable[[bytes], bytes]:
    """Answers from a template of `answer`, with the message ID of the request and its values put in."""
    head, _, body = answer.decode().partition("\r\n\r\n")
    status = re.sub(r"(?i)content-length: *\d+\r\n", "", f"{head}\r\n")
    values = re.findall(r"<VALUE>([^<]*)</VALUE>", body)
    template = re.sub(r"<VALUE>[^<]*</VALUE>", "<VALUE>%s</VALUE>", body.replace("%", "%%"))
    template = re.sub(r'<MESSAGE ID="[^"]*"', '<MESSAGE ID="%s"', template)

    def fill(request: bytes) -> bytes:
        message = ElementTree.fromstring(request)[0]
        text = (template % (message.attrib["ID"], *values)).encode()
        return b"%bContent-Length: %d\r\n\r\n%b" % (status.encode(), len(text), text)

    return fill


async def _serve(port: int, answer: Callable[[bytes], bytes]) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    authorization = basic().encode()
    server = await loop.create_server(lambda: Bare(answer, authorization), "127.0.0.1", port)
    tell_manager("READY=1")
    await stopping.wait()
    server.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.bare")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--answer", type=Path, required=True)
    parser.add_argument("--fill", action="store_true")
    args = parser.parse_args()
    answer = args.answer.read_bytes()
    made = filled(answer) if args.fill else lambda _request: answer
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(load(args.config).listen.http_port, made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
