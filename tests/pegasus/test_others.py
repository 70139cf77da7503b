"""Providers written for cmpi-bindings inside tog-pegasus: the same tests as in the agent."""

from __future__ import annotations

import pytest

from tests.others.suite import Suite
from tests.pegasus.real import Real


@pytest.fixture
def host(real: Real) -> Real:
    return real


class TestInPegasus(Suite):
    """By the bridge."""
