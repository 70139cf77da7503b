"""Clients of the running agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pywbem
from lxml import etree

from tests.e2e import dtd
from tests.e2e.wbemcli import Wbemcli
from tests.running import PASSWORD, RunningAgent


@pytest.fixture(scope="session", autouse=True)
def only_our_trust() -> Iterator[None]:
    """What the environment trusts elsewhere would be taken instead of the agent's certificate."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def wbemcli(agent: RunningAgent) -> Wbemcli:
    return Wbemcli(agent)


@pytest.fixture(params=["http", "https"])
def connection(agent: RunningAgent, request: pytest.FixtureRequest) -> Iterator[pywbem.WBEMConnection]:
    """pywbem, plain and over TLS with the agent's certificate checked."""
    url = agent.http if request.param == "http" else agent.https
    with pywbem.WBEMConnection(
        url,
        ("admin", PASSWORD),
        default_namespace="root/ESMPRO/AS",
        ca_certs=str(agent.certificate),
        use_pull_operations=True,
        timeout=30,
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def standard() -> etree.DTD:
    """DSP0203 2.4 as a DTD; skipped where it cannot be had."""
    return dtd.load()
