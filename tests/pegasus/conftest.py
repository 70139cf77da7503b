"""One Pegasus for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pegasus.real import HOME, Real, real_pegasus


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    if not HOME:
        pytest.skip("OPENESM_PEGASUS names no Pegasus")
    with real_pegasus(tmp_path_factory.mktemp("pegasus")) as found:
        yield found
