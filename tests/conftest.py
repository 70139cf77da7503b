"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from openesm.cim.mofc import compile_schema
from openesm.cim.schema import Schema
from tests.running import RunningAgent, running_agent

settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("full", max_examples=1000, deadline=None)
settings.load_profile("full" if os.environ.get("OPENESM_FUZZ") == "full" else "quick")


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    """What the MOF says, compiled once for all tests."""
    return compile_schema()


@pytest.fixture(scope="session")
def schema(compiled: dict[str, Any]) -> Schema:
    return Schema(compiled)


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


PARTS = (
    "tests/esmctl/",
    "tests/esmd/test_figures.py",
    "tests/esmd/test_tls.py",
    "tests/esmd/test_users.py",
    "tests/indications/delivery/",
    "tests/mof/test_cache.py",
    "tests/mof/test_compile.py",
    "tests/openesm/test_store_faults.py",
    "tests/providers/test_live.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts processes or speaks over sockets is marked, so that the unit tests stay quick."""
    for item in items:
        if item.nodeid.startswith(PARTS):
            item.add_marker(pytest.mark.parts)
