"""Who holds a TCP port, told to an administrator whose agent cannot have it (faults.md F26)."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Holder:
    pid: int
    command: str


def holder_of(port: int, proc: Path = Path("/proc")) -> Holder | None:
    """The process that listens on a port; None when none does, or when it is another user's."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    if not inodes:
        return None
    for entry in proc.iterdir():
        if entry.name.isdigit() and inodes & _open_sockets(entry):
            with contextlib.suppress(OSError):
                raw = (entry / "cmdline").read_bytes()
                return Holder(
                    int(entry.name), raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()[:200]
                )
    return None


def _listening_inodes(port: int, proc: Path) -> list[str]:
    found = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found.append(fields[9])
    return found


def _open_sockets(process: Path) -> set[str]:
    links = set()
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.add(os.readlink(descriptor))  # noqa: PTH115  a socket's link is no path
    return links
