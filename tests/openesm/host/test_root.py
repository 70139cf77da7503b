"""A root other than /: this machine seen from a container, or a recording of another one."""

from __future__ import annotations

import os
import time
from pathlib import Path

from openesm.host import Host


def test_a_root_without_a_recording_is_this_machine(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 2000 kB\nMemFree: 500 kB\n")
    (tmp_path / "data").mkdir()
    host = Host(tmp_path)
    assert host.meminfo().total == 2000
    assert abs(host.wall() - time.time()) < 60
    assert host.uname().release == os.uname().release
    assert host.calls.space("/data").blocks == os.statvfs(tmp_path / "data").f_blocks


def test_a_root_with_a_recording_has_its_own_time(tmp_path: Path) -> None:
    (tmp_path / "recorded").mkdir()
    (tmp_path / "recorded/clock.json").write_text('{"wall": 5.0, "monotonic": 1.0, "utc_offset_s": 0}')
    assert Host(tmp_path).wall() == 5.0
