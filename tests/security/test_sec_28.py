"""SEC-28: an Accept-Language of 64 KB is nothing: read in no time, or refused by its size."""

from __future__ import annotations

import time

import pytest

from openesm.text import negotiate
from tests.running import RunningAgent
from tests.security.wire import ask, request

BUDGET_S = 0.001
LONG = 64 * 1024


@pytest.mark.parametrize(
    "header",
    [
        "ja," * (LONG // 3),
        "en;q=0." + "9" * LONG,
        "a" * LONG,
        "-" * LONG,
        ";q=" * (LONG // 3),
        "ja;q=2.2250738585072012e-308," * (LONG // 29),
        ", " * (LONG // 2),
        "ja;q=" + "0" * LONG + "1",
    ],
    ids=[
        "many",
        "long number",
        "long name",
        "dashes",
        "empty",
        "the number of CVE-2010-4476",
        "commas",
        "zeros",
    ],
)
def test_sec_28_negotiation_is_quick(header: str) -> None:
    spent = []
    for _ in range(5):
        started = time.thread_time()
        assert negotiate(header) in ("en", "ja")
        spent.append(time.thread_time() - started)
    assert min(spent) < BUDGET_S


def test_sec_28_at_the_agent(agent: RunningAgent) -> None:
    assert ask(agent, request(extra=["Accept-Language: " + "ja," * (LONG // 3)])).status == 431
    assert ask(agent, request(extra=["Accept-Language: " + "ja," * 4000])).status == 200
