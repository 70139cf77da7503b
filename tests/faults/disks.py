"""Disks of our own: loop mounts whose power can be cut, and a small one that gets full."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GOING_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
_NO_LOG_FLUSH = 2
MEGABYTES = {"ext4": 64, "xfs": 320}


@dataclass
class Disk:
    """A file system in a file.

    Attributes:
        path: where it is mounted.
    """

    image: Path
    path: Path

    def cut_power(self) -> None:
        """What is not on the disk now never gets there; from here on every access fails with EIO."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _GOING_DOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.path)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True)

    def reboot(self) -> None:
        """After the power came back: what the disk holds, in a copy.

        A mount namespace that somebody has made meanwhile may still hold the dead file system; the copy is
        another one.
        """
        self.unmount()
        copy = self.image.with_suffix(".copy")
        subprocess.run(["cp", "--sparse=always", str(self.image), str(copy)], check=True)
        copy.replace(self.image)
        self.mount()


@contextlib.contextmanager
def disk(folder: Path, kind: str) -> Iterator[Disk]:
    """A mounted file system, `ext4` or `xfs`."""
    made = Disk(folder / f"{kind}.img", folder / kind)
    made.path.mkdir()
    with made.image.open("wb") as file:
        file.truncate(MEGABYTES[kind] << 20)
    quiet = ["-q", "-F"] if kind == "ext4" else ["-q", "-f"]
    subprocess.run([f"mkfs.{kind}", *quiet, str(made.image)], check=True)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A tmpfs of that size."""
    mounted = folder / "small"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mounted)], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
