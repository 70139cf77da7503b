"""Providers written for cmpi-bindings inside tog-pegasus: the same tests as in the agent."""

from __future__ import annotations

import pytest

from tests.others.suite import Suite
from tests.pegasus.real import HOME, Real

pytestmark = pytest.mark.skipif(not HOME, reason="OPENESM_PEGASUS names no Pegasus")


@pytest.fixture
def host(real: Real) -> Real:
    return real


class TestInPegasus(Suite):
    """By the bridge."""
