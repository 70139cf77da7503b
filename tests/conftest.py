"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.running import RunningAgent, running_agent


@pytest.fixture(scope="session")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent that reads this machine, shared by the tests that only ask."""
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running
        assert "Traceback" not in running.log, running.log


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test names the programs that it drives; one that is missing is an error where CI is set."""
    for marker in item.iter_markers("needs"):
        missing = [tool for tool in marker.args if shutil.which(tool) is None]
        if missing and os.environ.get("CI"):
            pytest.fail(f"missing on this machine: {', '.join(missing)}")
        if missing:
            pytest.skip(f"missing on this machine: {', '.join(missing)}")
