"""SEC-73, SEC-75: the agent opens no UDP socket: it takes no traps and speaks no SLP."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from esmctl import agent as control
from tests.running import RunningAgent

PROJECT = Path(__file__).parents[2]
ROOMS = ("openesm", "providers", "indications", "subscription", "esmd")
SLP_PORT = "01AB"  # 427


def sockets_of(agent: RunningAgent) -> set[str]:
    """Inodes of the agent's sockets."""
    links = set()
    for descriptor in Path(f"/proc/{agent.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.add(str(descriptor.readlink()))
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def table(name: str) -> list[list[str]]:
    """A table of the kernel's sockets, row by row."""
    file = Path("/proc/net") / name
    return [line.split() for line in file.read_text().splitlines()[1:]] if file.exists() else []


@pytest.mark.parametrize("name", ["udp", "udp6", "udplite", "raw", "raw6"])
def test_sec_73_no_datagrams_from_the_network(agent: RunningAgent, name: str) -> None:
    control.ask(agent.local_socket, "alert-test", severity="critical")
    assert not sockets_of(agent) & {row[9] for row in table(name)}


def test_sec_75_nothing_listens_for_slp(agent: RunningAgent) -> None:
    mine = sockets_of(agent)
    rows = [*table("tcp"), *table("tcp6"), *table("udp"), *table("udp6")]
    assert not [row for row in rows if row[9] in mine and row[1].endswith(f":{SLP_PORT}")]
    sources = [path.read_text("utf-8").lower() for room in ROOMS for path in (PROJECT / room).rglob("*.py")]
    assert not [text for text in sources if "239.255.255.253" in text or "service:wbem" in text]
