"""What a provider of others raises, whatever that is."""

from __future__ import annotations

import pytest

from openesm.cim.errors import Status
from providers.others.old_style import _status


@pytest.mark.parametrize("code", [["a"], {}, None, "x", 10**9, -1, 1.5])
def test_what_is_no_status_is_a_failure(code: object) -> None:
    assert _status(code) is Status.FAILED


def test_a_status_is_kept() -> None:
    assert _status(6) is Status.NOT_FOUND
