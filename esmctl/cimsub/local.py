"""The agent's unix socket as a transport of pywbem's HTTP session."""

import http.client
import importlib
import io
import socket
from pathlib import Path
from typing import Any

from esmctl.cimsub import wording
from esmctl.cimsub.problem import RefusedError
from esmctl.cimsub.wording import Code
from openesm.text import say


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class SocketAdapter:
    """Sends the requests of a session to a socket, whatever host they name (requests' transport adapter)."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._path = path
        self._connection = _Connection(path, timeout_s)

    def send(self, request: Any, **_options: object) -> Any:
        """The response to a prepared request; RefusedError when there is none."""
        try:
            self._connection.request(request.method, request.path_url, request.body, dict(request.headers))
            answer = self._connection.getresponse()
            return _response(request, answer, answer.read())
        except TimeoutError as late:
            raise RefusedError(say("cimsub.timeout", server=self._path), Code.TIMEOUT) from late
        except (FileNotFoundError, ConnectionRefusedError) as absent:
            raise RefusedError(wording.NOT_RUNNING, Code.NOT_CONNECTED) from absent
        except PermissionError as denied:
            raise RefusedError(say("cimsub.socket-denied", socket=self._path), Code.ACCESS_DENIED) from denied
        except (OSError, http.client.HTTPException) as failed:
            text = say("cimsub.no-answer", server=self._path, reason=str(failed))
            raise RefusedError(f"{wording.NOT_RUNNING}\n{text}", Code.NOT_CONNECTED) from failed

    def close(self) -> None:
        self._connection.close()


def _response(request: Any, answer: http.client.HTTPResponse, body: bytes) -> Any:
    requests = importlib.import_module("requests")
    response = requests.Response()
    response.status_code = answer.status
    response.reason = answer.reason
    response.headers.update(answer.getheaders())
    response.url = request.url
    response.request = request
    response.raw = io.BytesIO(body)
    return response
