"""SEC-06: NUL and control characters are refused before any back-end sees them."""

from __future__ import annotations

import pytest

from tests.running import PASSWORD, RunningAgent
from tests.security.wire import ask, basic, request


@pytest.mark.parametrize("where", ["before", "inside", "after"])
@pytest.mark.parametrize("byte", [b"\0", b"\n", b"\r", b"\x1b", b"\x7f", b"\x01"])
def test_sec_06_control_characters(agent: RunningAgent, byte: bytes, where: str) -> None:
    secret = PASSWORD.encode()
    spoiled = {
        "before": byte + secret,
        "inside": secret[:4] + byte + secret[4:],
        "after": secret + byte + b"j",
    }
    assert ask(agent, request(auth=basic("admin", spoiled[where]))).status == 401
