"""SEC-11: the agent listens on its TCP ports of loopback and its local socket, and on nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.running import RunningAgent

LISTEN = "0A"


def inodes_of(process: Path) -> set[str]:
    """The sockets that a process holds."""
    links = [str(link.readlink()) for link in (process / "fd").iterdir()]
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def sockets_of(pid: int, table: str) -> list[list[str]]:
    """The lines of /proc/net/TABLE that belong to the process."""
    process = Path("/proc") / str(pid)
    inodes = inodes_of(process)
    rows = [line.split() for line in (process / "net" / table).read_text().splitlines()[1:]]
    column = 6 if table == "unix" else 9
    return [row for row in rows if row[column] in inodes]


def test_sec_11_no_datagram_or_raw_socket(agent: RunningAgent) -> None:
    for table in ("udp", "udp6", "raw", "raw6", "packet"):
        rows = sockets_of(agent.process.pid, table) if table != "packet" else _packets(agent.process.pid)
        assert rows == [], table


def _packets(pid: int) -> list[str]:
    process = Path("/proc") / str(pid)
    inodes = inodes_of(process)
    rows = (process / "net" / "packet").read_text().splitlines()[1:]
    return [row for row in rows if row.split()[8] in inodes]


def test_sec_11_only_loopback_is_listened_on(agent: RunningAgent) -> None:
    found = {
        (row[1].rpartition(":")[0], int(row[1].rpartition(":")[2], 16))
        for table in ("tcp", "tcp6")
        for row in sockets_of(agent.process.pid, table)
        if row[3] == LISTEN
    }
    assert {address for address, _ in found} <= {"0100007F", "00000000000000000000000001000000"}
    assert {port for _, port in found} == {agent.http_port, agent.https_port, agent.wsman_port}


def test_sec_11_one_local_socket(agent: RunningAgent) -> None:
    named = {row[7] for row in sockets_of(agent.process.pid, "unix") if len(row) > 7}
    assert named == {str(agent.local_socket)}
