"""The clocks of an agent's machine, moved by hand while it runs."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("clock_shim.c")
HOUR_S, DAY_S, YEAR_S = 3600, 86400, 365 * 86400
STEPS = [
    pytest.param(0, id="left alone"),
    pytest.param(HOUR_S, id="1 hour forward"),
    pytest.param(-HOUR_S, id="1 hour back"),
    pytest.param(10 * YEAR_S, id="10 years forward"),
    pytest.param(-10 * YEAR_S, id="10 years back"),
]
"""By how much somebody sets the wall clock, seconds."""


@dataclass
class Clocks:
    """Offsets in seconds.

    Attributes:
        env: what a process needs to live by these clocks.
    """

    file: Path
    env: Mapping[str, str]
    wall_s: int = 0
    boot_s: int = 0

    def set_wall(self, by_s: int) -> None:
        """Somebody sets the wall clock."""
        self.wall_s += by_s
        self._write()

    def suspend(self, seconds: int) -> None:
        """The machine sleeps: wall and boot clock go on, nothing else does."""
        self.wall_s += seconds
        self.boot_s += seconds
        self._write()

    def _write(self) -> None:
        with self.file.open("r+b") as file:
            file.write(struct.pack("=qq", self.wall_s * 10**9, self.boot_s * 10**9))


def clocks(folder: Path) -> Clocks:
    """Clocks that agree with the machine's, until they are moved."""
    file, library = folder / "clocks", folder / "clock_shim.so"
    file.write_bytes(bytes(16))
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)], check=True)
    return Clocks(file, {"LD_PRELOAD": str(library), "CLOCK_SHIM": str(file)})
