"""The store and other processes: killed, out of room, with a disk that fails.

Run as a program this file is the other process of a story: `test_store_faults.py STORY STORE`.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from openesm.store import Store
from tests.openesm.rows import FIRST, WAIT_S, insert, numbers, stored

PROJECT = Path(__file__).parents[2]
ROUNDS = 100 if os.environ.get("OPENESM_FAULTS") == "full" else 10
STRACE = ("strace", "-f", "-qq", "-o", "/dev/null", "-e")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


def child(story: str, path: Path, *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, __file__, story, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


def told(process: subprocess.Popen[str]) -> list[str]:
    """What the child said until its end."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.splitlines()


def test_two_processes(path: Path) -> None:
    store = Store(path, [FIRST])
    process = child("hundred", path)
    for number in range(1000, 1100):
        store.write(insert(number)).result(WAIT_S)
    assert told(process) == ["done"]
    assert store.read(numbers) == [*range(100), *range(1000, 1100)]
    store.close()


def test_killed_again_and_again(path: Path) -> None:
    """None of the acknowledged rows is missing, and there is at most one row more."""
    for turn in range(ROUNDS):
        process = child("count", path)
        with process:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(1 + 7 * (turn % 10))]
            process.send_signal(signal.SIGKILL)
            told += process.stdout
        acknowledged = int([line for line in told if line.endswith("\n")][-1])
        kept = stored(path)
        assert kept == list(range(len(kept)))
        assert acknowledged < len(kept) <= acknowledged + 2


def test_full(path: Path) -> None:
    """The limit on file sizes stands for a full disk; when there is room again the store works again."""
    acknowledged, failing, after, last_failing = told(child("full", path))
    assert int(acknowledged) > 0
    assert failing != "''"
    assert (after, last_failing) == ("[-1]", "''")
    assert stored(path) == [-1, *range(int(acknowledged))]


@pytest.mark.needs("strace")
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_io_error(path: Path, call: str) -> None:
    """The disk fails once: that group is refused and the store goes on with a new connection."""
    inject = f"inject={call}:error=EIO:when=30"
    lines = told(child("sixty", path, *STRACE, f"trace={call}", "-e", inject))
    acknowledged = [int(line.split()[1]) for line in lines if line.startswith("done")]
    refused = [line for line in lines if line.startswith("refused")]
    assert len(acknowledged) + len(refused) == 60
    assert refused == [f"refused {refused[0].split()[1]} disk I/O error"]
    assert stored(path) == acknowledged


@pytest.mark.needs("strace")
def test_refused_group_does_not_come_back(path: Path) -> None:
    """Its pages are in the log when the sync fails; a process that is killed next leaves them to recovery."""
    inject = "inject=fdatasync:error=EIO:when=30"
    process = child("doubt", path, *STRACE, "trace=fdatasync", "-e", inject)
    out, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert stored(path) == list(range(int(out)))


def _hundred(store: Store) -> None:
    for number in range(100):
        store.write(insert(number)).result(WAIT_S)
    print("done")


def _count(store: Store) -> None:
    number = len(store.read(numbers))
    while True:
        print(store.write(insert(number)).result(WAIT_S), flush=True)
        number += 1


def _full(store: Store) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    number = 0
    while store.write(insert(number, b"x" * 20_000)).exception(WAIT_S) is None:
        number += 1
    print(number)
    print(repr(store.failing))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print([store.write(insert(-1)).result(WAIT_S)])
    print(repr(store.failing))


def _sixty(store: Store) -> None:
    for number in range(60):
        error = store.write(insert(number)).exception(WAIT_S)
        print(f"done {number}" if error is None else f"refused {number} {error}")


def _doubt(store: Store) -> None:
    store.read(numbers)  # a second connection keeps the log from being folded into the file
    number = 0
    while store.write(insert(number)).exception(WAIT_S) is None:
        number += 1
    print(number, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


STORIES = {"hundred": _hundred, "count": _count, "full": _full, "sixty": _sixty, "doubt": _doubt}


def run(story: str, path: Path) -> None:
    store = Store(path, [FIRST])
    STORIES[story](store)
    store.close()


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))
