"""SEC-25: nothing is served but CIM-XML; no spelling of a path reaches a file."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import ask, operations_during, request, requests_served

TARGETS = [
    "/etc/passwd",
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    ".//..//..//etc/passwd",
    "//etc/passwd",
    "/cimom/../etc/passwd",
    "/cimom/",
    "/cimom?x=/etc/passwd",
    "/cimom%00",
    "/CIMOM",
    "/control",
    "/index.html",
    "http://localhost/cimom",
    "http://localhost/etc/passwd",
    "file:///etc/passwd",
    "*",
    "localhost:80",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_sec_25_no_file_is_served(agent: RunningAgent, method: str, target: str) -> None:
    before = requests_served(agent)
    answer = ask(agent, request(line=f"{method} {target} HTTP/1.1"))
    assert answer.status == (404 if method == "POST" else 405)
    assert answer.headers.get("allow") == (None if method == "POST" else "POST, M-POST")
    assert answer.body == b""
    assert operations_during(agent, before) == 0
