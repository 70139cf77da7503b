"""One CIM-XML request over HTTP, and the bytes of its answer as they came."""

from __future__ import annotations

import base64
import http.client
import re

from tests.esmd.wbem.requests import extrinsic, intrinsic, local_instance_path
from tests.running import PASSWORD, RunningAgent

NAMESPACE = "root/ESMPRO/AS"


class Raw:
    """A connection that stays open."""

    def __init__(self, agent: RunningAgent, user: str = "admin") -> None:
        self._connection = http.client.HTTPConnection("localhost", agent.http_port, timeout=60)
        self._secret = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()

    def close(self) -> None:
        self._connection.close()

    def operation(self, name: str, *parameters: str, ns: str = NAMESPACE) -> bytes:
        """The answer of an intrinsic operation."""
        return self._post(name, ns, intrinsic(name, *parameters, namespace=ns))

    def method(self, name: str, classname: str, *parameters: str, **keys: str) -> bytes:
        """The answer of an extrinsic method."""
        target = local_instance_path(classname, NAMESPACE, **keys)
        named = ",".join(f'{key}="{value}"' for key, value in keys.items())
        return self._post(name, f"{NAMESPACE}:{classname}.{named}", extrinsic(name, target, *parameters))

    def _post(self, method: str, target: str, body: bytes) -> bytes:
        headers = {
            "Authorization": f"Basic {self._secret}",
            "Content-Type": 'application/xml; charset="utf-8"',
            "CIMOperation": "MethodCall",
            "CIMMethod": method,
            "CIMObject": target,
        }
        self._connection.request("POST", "/cimom", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (answer.status, dict(answer.getheaders()), content)
        return content


def error_code(answer: bytes) -> int | None:
    found = re.search(rb'<ERROR CODE="(\d+)"', answer)
    return int(found[1]) if found else None
