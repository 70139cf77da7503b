"""SEC-73: the agent opens no UDP socket: nobody can tell it anything by a trap."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from esmctl import agent as control
from tests.running import RunningAgent


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
