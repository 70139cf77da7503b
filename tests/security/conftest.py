"""Agents for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import RunningAgent, running_agent

LIMITS = """
[limits]
header_s = 1.0
body_s = 1.0
write_s = 1.0
idle_s = 2.0
connections = 4096
"""


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent with short deadlines."""
    with running_agent(tmp_path_factory.mktemp("hasty"), settings=LIMITS) as running:
        yield running
        assert "Traceback" not in running.log, running.log
