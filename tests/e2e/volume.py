"""A file system that only the agent sees: unmounted and mounted again, it keeps its UUID, not its device."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.running import RunningAgent

UUID = "6f1c7a52-52a5-4a3e-9d0e-3f0c8b1d2e4a"
PRIVATE = ("unshare", "-m", "--propagation", "private", "sh", "-ec")


@dataclass(frozen=True)
class Volume:
    """An ext4 of 120 MB."""

    image: Path
    mounted: Path  # as the agent sees it

    @property
    def command(self) -> tuple[str, ...]:
        """Mounts it in a namespace of its own and runs the agent there.

        As udev does, /dev/disk/by-uuid has a link to its device; that /dev is the namespace's own too.
        """
        dev = self.image.with_name("dev")
        script = (
            f"mkdir '{dev}'; mount --rbind /dev '{dev}'; mount -t tmpfs none /dev\n"
            f"ln -s '{dev}'/* /dev; mkdir -p /dev/disk/by-uuid\n{self._mount}"
        )
        return (*PRIVATE, f'{script}exec "$@"', "sh", sys.executable, "-m", "esmd")

    @property
    def _mount(self) -> str:
        device = f"$(basename $(findmnt -no SOURCE '{self.mounted}'))"
        link = f"ln -sfn ../../{device} /dev/disk/by-uuid/{UUID}"
        return f"mount -o loop '{self.image}' '{self.mounted}'\n{link}\n"

    def seen_by(self, agent: RunningAgent) -> Path:
        return Path(f"/proc/{agent.process.pid}/root{self.mounted}")

    def unmount(self, agent: RunningAgent) -> None:
        self._within(agent, "umount", str(self.mounted))

    def mount(self, agent: RunningAgent) -> None:
        self._within(agent, "sh", "-ec", self._mount)

    def _within(self, agent: RunningAgent, *words: str) -> None:
        command = ["nsenter", "-t", str(agent.process.pid), "-m", *words]
        subprocess.run(command, check=True, timeout=60, capture_output=True)


@contextlib.contextmanager
def volume(folder: Path) -> Iterator[Volume]:
    made = Volume(folder / "image", folder / "volume")
    made.mounted.mkdir(parents=True)
    with made.image.open("wb") as image:
        image.truncate(120 << 20)
    words = ["mkfs.ext4", "-q", "-F", "-m", "0", "-U", UUID, str(made.image)]
    subprocess.run(words, check=True, timeout=60)
    yield made
    made.image.unlink()
