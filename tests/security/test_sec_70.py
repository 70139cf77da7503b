"""SEC-70: a subscriber cannot make the agent talk to what only the agent can reach."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest
import pywbem

from indications.delivery import Undelivered
from indications.delivery.client import Bounds, Client
from indications.delivery.guard import Address
from indications.delivery.resolve import Resolver
from tests.running import PASSWORD, RunningAgent


@pytest.fixture
def admin(agent: RunningAgent) -> Iterator[pywbem.WBEMConnection]:
    with pywbem.WBEMConnection(
        agent.http, ("admin", PASSWORD), default_namespace="root/interop"
    ) as connection:
        yield connection


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file://localhost/etc/cron.d/x",
        "ftp://example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http:///nowhere",
        "http://user:secret@example.com/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/\r\nX-Evil: 1",
        "javascript:alert(1)",
        "//example.com/",
        "",
    ],
)
def test_sec_70_only_http_to_a_host(admin: pywbem.WBEMConnection, url: str) -> None:
    new = pywbem.CIMInstance("CIM_ListenerDestinationCIMXML", {"Name": "sec-70", "Destination": url})
    with pytest.raises(pywbem.CIMError) as refused:
        admin.CreateInstance(new)
    assert refused.value.status_code == pywbem.CIM_ERR_INVALID_PARAMETER


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "[fe80::1]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "2130706433",
        "0x7f000001",
        "017700000001",
    ],
)
def test_sec_70_special_addresses_get_nothing(host: str) -> None:
    """Loopback, this link, groups, however they are spelled; a socket of loopback is watched."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        with pytest.raises(Undelivered):
            asyncio.run(post(f"http://{host}:{listening.getsockname()[1]}/", Client))
        with pytest.raises(TimeoutError):
            listening.accept()


async def post(url: str, client: type[Client], resolver: Resolver | None = None) -> None:
    bounds = Bounds(connect_s=1.0, total_s=2.0)
    await client(bounds, resolver).channel(url).post(b"")


def test_sec_70_a_name_that_changes_its_mind_gains_nothing() -> None:
    """DNS rebinding: what was resolved is what is judged and what is connected to; it is not asked again."""
    answers: list[Sequence[Address]] = [[ip_address("127.0.0.1")], [ip_address("192.0.2.1")]]
    asked = []

    def lookup(host: str) -> Sequence[Address]:
        asked.append(host)
        return answers[len(asked) - 1]

    async def story() -> None:
        resolver = Resolver(lookup)
        for _ in range(2):
            with pytest.raises(Undelivered):
                await post("http://rebinding.example.com/", Client, resolver)

    asyncio.run(story())
    assert asked == ["rebinding.example.com"]
