"""A tree in the form of a recorded machine, and a host that reads it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from openesm.host import Host

WALL = 1_764_000_000.25  # 2025-11-24T16:00:00.25Z


class Snapshot(NamedTuple):
    """The counters of /proc/stat at a time of the monotonic clock."""

    at: float
    stat: str


def cpu_line(name: str, *ticks: int) -> str:
    """user nice system idle iowait irq softirq steal; guest and guest_nice are 0."""
    return " ".join([name, *map(str, ticks), "0", "0"]) + "\n"


class Recording:
    """Writes files, links and the answers of system calls under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def files(self, place: str, contents: dict[str, str]) -> None:
        for name, content in contents.items():
            self.file(f"{place}/{name}", content)

    def link(self, path: str, target: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def answer(self, name: str, value: object) -> None:
        self.file(f"recorded/{name}.json", json.dumps(value))

    def clock(self, monotonic: float) -> None:
        self.answer("clock", {"wall": WALL, "monotonic": monotonic, "utc_offset_s": 9 * 3600})

    def host(self, snapshots: Sequence[Snapshot] = ()) -> Host:
        """The host of this tree, after a sample at each snapshot."""
        host = Host(self.root)
        for snapshot in snapshots:
            self.file("proc/stat", snapshot.stat)
            self.clock(snapshot.at)
            host.sample_cpu()
        return host


def statvfs(blocks: int, free: int, *, files: int = 65536, files_free: int = 60000) -> dict[str, int]:
    """An answer in blocks of 4 KiB; a twentieth of the free blocks is for root only."""
    return {
        "frsize": 4096,
        "blocks": blocks,
        "free": free,
        "available": free * 19 // 20,
        "files": files,
        "files_free": files_free,
        "longest_name": 255,
        "block_size": 4096,
    }
