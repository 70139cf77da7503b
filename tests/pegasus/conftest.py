"""One Pegasus for all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.pegasus.real import HOME, Real, real_pegasus


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with real_pegasus(tmp_path_factory.mktemp("pegasus")) as found:
        yield found


def pytest_runtest_setup() -> None:
    """Without a Pegasus there is nothing to be seen, which is an error where CI is set."""
    if not HOME and os.environ.get("CI"):
        pytest.fail("OPENESM_PEGASUS names no Pegasus")
    if not HOME:
        pytest.skip("OPENESM_PEGASUS names no Pegasus")
