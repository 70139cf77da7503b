"""The servers that are measured, each in a process of its own."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.load import drive
from benchmarks.question import Question
from tests.hosts.machines import MACHINES
from tests.running import RunningAgent, running_agent


def cpu_s(process_id: int) -> float:
    """CPU time of a process so far, to the nanosecond: its clock's number is made of its id (Linux)."""
    return time.clock_gettime((~process_id << 3) | 2)


def recorded_machine(root: Path, cpus: int = 7) -> Path:
    """A recorded machine with that many CPUs, so ESM_Processor has `cpus` + 1 instances."""
    MACHINES["big"](root)
    for name in ("present", "online"):
        (root / "sys/devices/system/cpu" / name).write_text(f"0-{cpus - 1}\n")
    return root


@contextlib.contextmanager
def recorded(folder: Path) -> Iterator[RunningAgent]:
    """The agent itself, on a recorded machine on which nothing changes."""
    root = recorded_machine(folder / "root")
    with running_agent(folder, root=root) as agent:
        yield agent


def bare(
    folder: Path, answer: bytes, *, fill: bool = False
) -> contextlib.AbstractContextManager[RunningAgent]:
    """The bare protocol, which gives the same answer to everything; `fill` makes it from a template."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "answer"
    file.write_bytes(answer)
    command = (sys.executable, "-m", "benchmarks.bare", "--answer", str(file))
    return running_agent(folder, command=(*command, "--fill") if fill else command)


def changing(
    folder: Path, rows: int, *, still: bool = False
) -> contextlib.AbstractContextManager[RunningAgent]:
    """The agent's server with a provider of our own: all values change with each reading, or none does."""
    command = (sys.executable, "-m", "benchmarks.changing", "--rows", str(rows))
    return running_agent(folder, command=(*command, "--still") if still else command)


def cpu_us(server: RunningAgent, question: Question, *, requests: int, clients: int = 16) -> float:
    """CPU time of the server per request, in µs."""
    return _spent(server.process.pid, lambda: drive_it(server, question, requests, clients)) / requests * 1e6


def drive_it(server: RunningAgent, question: Question, requests: int, clients: int) -> None:
    drive(server.http_port, question.all(), requests=requests, clients=clients)


def _spent(process_id: int, work: Callable[[], None]) -> float:
    before = cpu_s(process_id)
    work()
    return cpu_s(process_id) - before
