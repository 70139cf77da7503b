"""A machine whose readings are moved by hand, and a log socket that keeps what it is told."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOTAL_KB = 1_000_000
TICKS = 10_000


class Machine:
    """A root with memory, swap and one CPU; its files are written in place, as the kernel does."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        (self.root / "proc").mkdir(parents=True)
        self._ticks = 0
        self._memory = {"MemTotal": TOTAL_KB, "SwapTotal": TOTAL_KB, "CommitLimit": TOTAL_KB}
        self._write("swaps", f"Filename\tType\tSize\tUsed\tPriority\n/dev/sda3 partition {TOTAL_KB} 0 -2\n")
        self._write("stat", _stat(0, 0))
        self.use(memory=10, swap=10)

    def use(self, *, memory: int | None = None, swap: int | None = None) -> None:
        """So many percent of the memory and of the swap space are used, from the next reading on."""
        if memory is not None:
            free = TOTAL_KB * (100 - memory) // 100
            self._memory |= {"MemFree": free, "MemAvailable": free, "Buffers": 0, "Cached": 0}
        if swap is not None:
            self._memory["SwapFree"] = TOTAL_KB * (100 - swap) // 100
        self._write("meminfo", "".join(f"{name}: {kb:10} kB\n" for name, kb in self._memory.items()))

    def load(self, percent: int) -> None:
        """The CPUs were busy for so many percent of the time since the machine began.

        The time grows a hundredfold with each call, so that the mean of the last minute is this very number.
        """
        self._ticks = max(TICKS, self._ticks * 100)
        self._write("stat", _stat(self._ticks * percent // 100, self._ticks))

    def hide(self, name: str) -> None:
        """Nothing can be read there, until it is written again."""
        os.truncate(self.root / "proc" / name, 0)

    def _write(self, name: str, text: str) -> None:
        file = os.open(self.root / "proc" / name, os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(file, text.encode(), 0)
        os.close(file)


def _stat(busy: int, total: int) -> str:
    times = f"{busy:20} 0 0 {total - busy:20} 0 0 0 0 0 0"
    return f"cpu  {times}\ncpu0 {times}\nbtime 1763913600\n"


@dataclass
class LogSocket:
    """The system log as the agent sees it: a datagram socket."""

    path: Path
    socket: socket.socket

    def lines(self) -> list[str]:
        """What has come since the last call."""
        found = []
        while select.select([self.socket], [], [], 0)[0]:
            found.append(self.socket.recv(65536).decode("utf-8"))
        return found


@contextlib.contextmanager
def log_socket(folder: Path) -> Iterator[LogSocket]:
    path = folder / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        receiving.bind(str(path))
        yield LogSocket(path, receiving)


@contextlib.contextmanager
def ext4(folder: Path, megabytes: int = 120) -> Iterator[Path]:
    """A file system of its own, mounted from a file."""
    image, mounted = folder / "ext4.img", folder / "ext4"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def leave_free(mounted: Path, percent: float) -> None:
    """Fills a file system with one file until so many percent are free."""
    filling = mounted / "filling"
    space = os.statvfs(mounted)
    held = filling.stat().st_blocks * 512 if filling.exists() else 0
    wanted = held + (space.f_bavail - int(space.f_blocks * percent / 100)) * space.f_frsize
    file = os.open(filling, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(file, min(wanted, held))
    os.posix_fallocate(file, 0, wanted)
    os.fsync(file)
    os.close(file)
