"""CIM-XML requests as bytes, and answers taken apart without a client library that hides what is wrong."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.running import PASSWORD, RunningAgent

NAMESPACE = "root/ESMPRO/AS"
ANSWER_S = 20.0
_CODE = re.compile(rb'<ERROR CODE="(\d+)"')


def basic(user: str = "admin", password: str | bytes = PASSWORD) -> str:
    """The value of an Authorization header."""
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()


def call(
    operation: str = "EnumerateInstanceNames",
    parameters: str = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="ESM_Alive"/></IPARAMVALUE>',
    *,
    namespace: str = NAMESPACE,
    message_id: str = "7",
) -> bytes:
    """The body of an intrinsic operation."""
    steps = "".join(f'<NAMESPACE NAME="{step}"/>' for step in namespace.split("/"))
    return (
        '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="{message_id}" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{operation}">'
        f"<LOCALNAMESPACEPATH>{steps}</LOCALNAMESPACEPATH>{parameters}"
        "</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
    ).encode()


def request(
    body: bytes | None = None,
    *,
    line: str = "POST /cimom HTTP/1.1",
    auth: str | None = "good",
    without: Iterable[str] = (),
    extra: Iterable[str] = (),
    raw_body: bytes | None = None,
    **changed: str,
) -> bytes:
    """A whole request, right in everything that is not asked to be wrong.

    Args:
        auth: value of Authorization; "good" for an administrator's, None for no header.
        without: names of headers left out.
        extra: header lines added.
        raw_body: the bytes sent as the body, where they are not `body`.
        changed: header values by name with `_` for `-`.
    """
    body = call() if body is None else body
    operation = re.search(rb'METHODCALL NAME="([^"]*)"', body)
    steps = re.findall(rb'<NAMESPACE NAME="([^"]*)"', body)
    headers = {
        "Host": "localhost",
        "Authorization": basic() if auth == "good" else auth,
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodCall",
        "CIMMethod": operation[1].decode() if operation else "EnumerateInstanceNames",
        "CIMObject": b"/".join(steps).decode() or NAMESPACE,
        "Content-Length": str(len(body if raw_body is None else raw_body)),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    dropped = set(without)
    lines = [line, *(f"{n}: {v}" for n, v in headers.items() if v is not None and n not in dropped), *extra]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + (body if raw_body is None else raw_body)


@dataclass(frozen=True)
class Answer:
    """One response; `headers` by lower-cased name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def cim_error(self) -> str | None:
        return self.headers.get("cimerror")

    @property
    def code(self) -> int | None:
        """The CIM status code inside the answer."""
        found = _CODE.search(self.body)
        return int(found[1]) if found else None


class Wire:
    """One connection to an agent."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.settimeout(ANSWER_S)
        self._buffer = b""

    def send(self, data: bytes) -> Wire:
        self.socket.sendall(data)
        return self

    def answer(self) -> Answer | None:
        """The next answer; None when the agent has closed the connection."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                assert not self._buffer, self._buffer
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (header.partition(":") for header in lines)}
        status = int(status_line.split()[1])
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            assert self._more(), "the agent closed inside an answer"
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(status, headers, body)

    def answers(self) -> list[Answer]:
        """All answers until the agent closes."""
        return list(iter(self.answer, None))

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)


@contextlib.contextmanager
def wire(agent: RunningAgent, *, tls: bool = False, port: int = 0) -> Iterator[Wire]:
    with agent.connect(tls=tls, port=port) as connected:
        yield Wire(connected)


@contextlib.contextmanager
def tls_socket(
    agent: RunningAgent, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> Iterator[ssl.SSLSocket]:
    """A TLS connection with a context of the test's own."""
    with socket.create_connection(("127.0.0.1", agent.https_port), timeout=ANSWER_S) as raw:
        connected = context.wrap_socket(raw, server_hostname="localhost", session=session)
        with connected:
            yield connected


def unverified() -> ssl.SSLContext:
    """For tests that replace the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(agent: RunningAgent, data: bytes, *, tls: bool = False) -> Answer:
    """The first answer to `data` on a connection of its own."""
    with wire(agent, tls=tls) as connection:
        answer = connection.send(data).answer()
    assert answer is not None, "closed without an answer"
    return answer


def control(path: Path, command: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a command on the local socket."""
    body = json.dumps({"command": command}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
        connected.connect(str(path))
        answer = Wire(connected).send(control_request(body)).answer()
    assert answer is not None
    return answer.status, json.loads(answer.body)


def control_request(body: bytes) -> bytes:
    return b"POST /control HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def requests_served(agent: RunningAgent) -> int:
    """How many requests got as far as their operation, without the one that asks."""
    _, answer = control(agent.local_socket, "status")
    return int(answer["result"]["requests"])


def operations_during(agent: RunningAgent, before: int) -> int:
    """Operations since `requests_served` gave `before`; the question itself is not counted."""
    return requests_served(agent) - before - 1
