"""F03 to F05: a disk that is full or fails for a while: nothing promised is lost, all goes on by itself."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import pytest

from esmctl import agent as control
from tests.faults.disks import small_disk
from tests.faults.receiver import receiving
from tests.faults.rig import FULL, Rig, end_traced, traced_pid
from tests.running import RunningAgent, eventually

EVENTS = 40
BROKEN, WELL = re.compile("the store cannot commit"), re.compile("the store works again")


def tells_of_it(agent: RunningAgent) -> bool:
    """Whether `esmctl status` says that the store cannot commit."""
    found = control.ask(agent.local_socket, "status")["warnings"]
    return "store.failing" in [each["key"] for each in found]


def log_lines(agent: RunningAgent, shape: re.Pattern[str]) -> int:
    return len(shape.findall(agent.log))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("shortage", ["bytes", "inodes"])
def test_f_03_the_disk_is_full(tmp_path: Path, shortage: str) -> None:
    """Alerts that cannot be kept are refused, not promised; once there is room all goes on by itself."""
    size = "8m,nr_inodes=64"
    with small_disk(tmp_path, size) as small, receiving() as receiver:
        rig = Rig(tmp_path / "agent", receiver, ["a"])
        (tmp_path / "agent").mkdir()
        (tmp_path / "agent" / "state").symlink_to(small)
        rig.prepare()
        with rig.agent() as agent:
            assert rig.tell(agent, EVENTS)
            fill(small, shortage)
            refused = tell_until_refused(rig, agent)
            if shortage == "bytes":
                assert refused
                assert tells_of_it(agent)
                assert (log_lines(agent, BROKEN), log_lines(agent, WELL)) == (1, 0)
            for filling in small.glob("filling*"):
                filling.unlink()
            eventually(lambda: rig.tell(agent, 1), "alerts are taken again")
            assert not tells_of_it(agent)
            assert log_lines(agent, BROKEN) == log_lines(agent, WELL) <= 1
            assert rig.tell(agent, EVENTS)
        rig.drain()
        rig.check()
        assert "Traceback" not in agent.log


def fill(small: Path, shortage: str) -> None:
    """Takes what is left."""
    if shortage == "bytes":
        with (small / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                """The agent may write meanwhile, so what is free is found by taking it."""
        return
    number = 0
    try:
        while True:
            (small / f"filling{number}").touch()
            number += 1
    except OSError:
        assert number


def tell_until_refused(rig: Rig, agent: RunningAgent) -> bool:
    """Whether an alert is refused at some time; with a log that has room left it may take a while."""
    return any(not rig.tell(agent, 1) for _ in range(EVENTS * 20))


@pytest.mark.needs("strace")
@pytest.mark.parametrize(
    ("calls", "injection"),
    [
        pytest.param("pwrite64", "error=EIO:when=60..90", id="F04 EIO for a while"),
        pytest.param("pwrite64", "error=EROFS:when=60..90", id="F04 read-only for a while"),
        pytest.param("pwrite64", "error=ENOSPC:when=60..90", id="F03 no space for a while"),
        *(
            pytest.param("fdatasync,fsync", f"error=EIO:when={number}", id=f"F05 sync {number} fails once")
            for number in range(8, 60 if FULL else 12)
        ),
    ],
)
def test_calls_fail_for_a_while(tmp_path: Path, calls: str, injection: str) -> None:
    """What was refused does not come back with the next recovery of the file either."""
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a"])
        rig.prepare()
        refused = 0
        with rig.agent(command=rig.traced(injection, calls)) as agent:
            for _ in range(EVENTS):
                refused += not rig.tell(agent, 1)
            eventually(lambda: rig.tell(agent, 1), "alerts are taken again")
            assert traced_pid(agent)
            assert log_lines(agent, BROKEN) == log_lines(agent, WELL)
            assert refused <= 0 or log_lines(agent, BROKEN) >= 1
            assert "Traceback" not in agent.log
            end_traced(agent)
        rig.drain()
        rig.check()
        assert rig.test_alerts() == len(rig.acknowledged)
