"""SEC-26: a resumed TLS session carries no identity, and nothing can be renegotiated."""

from __future__ import annotations

import ssl

import pytest

from tests.running import RunningAgent
from tests.security.wire import Wire, request, tls_socket

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_sec_26_a_session_is_nobody(agent: RunningAgent, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(agent.certificate))
    context.maximum_version = version
    session = None
    for auth, status in ("good", 200), (None, 401), ("good", 200):
        with tls_socket(agent, context, session) as connected:
            assert connected.version() == version.name.replace("_", ".")
            answer = Wire(connected).send(request(auth=auth)).answer()
            session = connected.session
        assert answer is not None
        assert answer.status == status


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_sec_26_there_are_no_tickets(agent: RunningAgent, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(agent.certificate))
    context.maximum_version = version
    with tls_socket(agent, context) as connected:
        assert Wire(connected).send(request()).answer() is not None
        session = connected.session
    assert session is None or not session.has_ticket
