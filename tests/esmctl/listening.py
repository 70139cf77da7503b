"""A running `esmctl listen`, and what is sent to it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from openesm.cim.values import DateTime, Instance, TypedValue


@dataclass
class Listener:
    process: subprocess.Popen[str]
    url: str
    port: int
    folder: Path
    told: list[str]

    def lines(self, count: int) -> list[str]:
        assert self.process.stdout
        return [self.process.stdout.readline().rstrip("\n") for _ in range(count)]

    def end(self, how: signal.Signals = signal.SIGINT) -> tuple[int, list[str]]:
        """Exit code, and what is shown until then."""
        self.process.send_signal(how)
        assert self.process.stdout
        rest = self.process.stdout.read().splitlines()
        return self.process.wait(10), rest


@contextlib.contextmanager
def listening(
    folder: Path, *options: str, language: str = "C", encoding: str = "utf-8"
) -> Iterator[Listener]:
    argv = [sys.executable, "-m", "esmctl.main", "listen", "--bind", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(
        [*argv, "--state", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": language, "PYTHONIOENCODING": encoding},
    )
    assert process.stderr
    told = [process.stderr.readline()]
    match = re.search(r"https?://127\.0\.0\.1:(\d+)", told[0])
    assert match, told[0] + process.stderr.read()
    told += [process.stderr.readline() for _ in range(1 if match[0].startswith("http:") else 2)]
    try:
        yield Listener(process, match[0], int(match[1]), folder, told)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(10)
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        for stream in process.stdout, process.stderr:
            assert stream
            stream.close()


def alert(number: int | None, message: str = "CPU load is high") -> Instance:
    properties = {
        "EventTime": TypedValue(DateTime.parse("20261125035853.000000+540"), "datetime"),
        "PerceivedSeverity": TypedValue(6, "uint16"),
        "SystemName": TypedValue("host.example", "string"),
        "EventID": TypedValue("ESMCPUPERF/C0000065", "string"),
        "Message": TypedValue(message, "string"),
        "MessageArguments": TypedValue(["97", None], "string", True),
    }
    if number is not None:
        properties["SequenceContext"] = TypedValue("run", "string")
        properties["SequenceNumber"] = TypedValue(number, "sint64")
    return Instance("ESM_AlertIndication", properties)


HEADERS = (
    "Host: x",
    'Content-Type: application/xml; charset="utf-8"',
    "CIMExport: MethodRequest",
    "CIMExportMethod: ExportIndication",
)


def request(
    body: bytes,
    *,
    line: str = "POST / HTTP/1.1",
    headers: tuple[str, ...] = HEADERS,
    length: int | None = None,
) -> bytes:
    lines = (line, *headers, f"Content-Length: {len(body) if length is None else length}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def answers(connection: socket.socket, count: int = 1) -> list[tuple[int, str, bytes]]:
    """Status, head and body of the next answers."""
    got = []
    with connection.makefile("rb") as stream:
        for _ in range(count):
            head = b"".join(iter(stream.readline, b"\r\n")).decode()
            length = re.search(r"Content-Length: (\d+)", head)
            got.append((int(head.split()[1]), head, stream.read(int(length[1]) if length else 0)))
    return got


def send(listener: Listener, *requests: bytes) -> list[tuple[int, str, bytes]]:
    with socket.create_connection(("127.0.0.1", listener.port), 10) as connection:
        connection.sendall(b"".join(requests))
        return answers(connection, len(requests))
