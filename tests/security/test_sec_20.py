"""SEC-20: no Content-Length, however large or odd, makes the agent take memory."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import ask, operations_during, request, requests_served

MOST_BYTES = 1 << 20


@pytest.mark.parametrize("auth", ["good", None], ids=["authenticated", "nobody"])
@pytest.mark.parametrize(
    ("length", "expected"),
    [
        *((value, 400) for value in ("-1", "+2", "0x2", "2, 3", "2,2", "1e3", "\xef\xbc\x92", "2 2")),
        *((str(2**bits), 413) for bits in (31, 32, 40)),
        *((str(2**bits + 2), 400) for bits in (63, 64)),
        (str(1048576 + 1), 413),
    ],
)
def test_sec_20_lengths(agent: RunningAgent, length: str, expected: int, auth: str | None) -> None:
    served = requests_served(agent)
    before = agent.rss_bytes()
    answer = ask(agent, request(auth=auth, Content_Length=length))
    assert answer.status in ({400: (400,), 413: (401,)}[expected] if auth is None else (expected,))
    assert agent.rss_bytes() - before < MOST_BYTES
    assert operations_during(agent, served) == 0
