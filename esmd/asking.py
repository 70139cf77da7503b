"""The running agent asked over its local socket: `POST /control` with a JSON command.

{"command": "status", "args": {...}}   -> 200 {"result": {...}}
                                          4xx {"error": {"key": "room.name", "args": {...}}}
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path

TIMEOUT_S = 15.0
ANSWER_BYTES = 32 << 20


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))


def post(
    path: Path, command: str, args: Mapping[str, object], timeout_s: float = TIMEOUT_S
) -> tuple[int, bytes]:
    """HTTP status and body of the answer to a command.

    Raises:
        OSError, http.client.HTTPException: there is no agent, or it does not answer.
    """
    connection = _UnixConnection(path, timeout_s)
    try:
        body = json.dumps({"command": command, "args": dict(args)})
        connection.request("POST", "/control", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_BYTES)
    finally:
        connection.close()
