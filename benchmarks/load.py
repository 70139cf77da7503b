"""Clients that keep their connection and ask again as soon as they are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

import uvloop

LIMIT_S = 60.0


class WrongAnswerError(Exception):
    """Another status than 200, or an ERROR in the answer."""


@dataclass(slots=True)
class Answers:
    """What came back: seconds from each question to the last byte of its answer, and the last answer."""

    seconds: list[float] = field(default_factory=list)
    last: bytes = b""
    wall_s: float = 0.0


class _Client(asyncio.Protocol):
    def __init__(self, questions: Iterator[bytes], answers: Answers) -> None:
        self._questions = questions
        self._answers = answers
        self._pieces: list[bytes] = []
        self._missing = 0
        self._asked = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        asking = next(self._questions, None)
        if asking is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._asked = time.perf_counter()
        self._transport.write(asking)

    def data_received(self, data: bytes) -> None:
        if not self._pieces:
            try:
                self._missing = _length(data)
            except WrongAnswerError as wrong:
                self.done.set_exception(wrong)
                self._transport.abort()
                return
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing <= 0:
            self._answers.seconds.append(time.perf_counter() - self._asked)
            self._answers.last = b"".join(self._pieces)
            self._pieces.clear()
            self._ask()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(WrongAnswerError("connection closed"))


def _length(start: bytes) -> int:
    """The whole length of an answer, from its beginning (a head always comes in one piece on loopback)."""
    head, end, body = start.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or not end or b"<ERROR " in body[:600]:
        raise WrongAnswerError(start[:800].decode("latin-1"))
    field_at = head.lower().index(b"content-length:") + len(b"content-length:")
    return len(head) + len(end) + int(head[field_at:].split(b"\r\n", 1)[0])


def drive(port: int, questions: Iterator[bytes], *, requests: int, clients: int = 16) -> Answers:
    """Asks `requests` questions over `clients` connections to a port of loopback.

    Raises:
        WrongAnswerError: one was not answered well.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(port, islice(questions, requests), clients))


async def _drive(port: int, questions: Iterator[bytes], clients: int) -> Answers:
    answers, loop = Answers(), asyncio.get_running_loop()
    started = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Client(questions, answers), "127.0.0.1", port)
        for _ in range(clients)
    ]
    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*(client.done for _, client in made))
    answers.wall_s = time.perf_counter() - started
    return answers
