"""Who listens on a TCP port of this machine, as /proc tells it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LISTEN = "0A"


def holder(port: int, proc: Path = Path("/proc")) -> str | None:
    """Who listens on the port, as `PID (command)`; "?" when it is not ours to see; None when it is free."""
    inodes = set(_listening_inodes(port, proc))
    if not inodes:
        return None
    for process in proc.glob("[0-9]*"):
        if inodes & set(_socket_inodes(process)):
            return _named(process)
    return "?"


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in "tcp", "tcp6":
        with suppress(FileNotFoundError):
            for line in (proc / "net" / table).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]


def _named(process: Path) -> str:
    with suppress(OSError):
        command = (process / "cmdline").read_bytes()[:80].replace(b"\0", b" ").decode("utf-8", "replace")
        return f"{process.name} ({command.strip()})"
    return process.name
