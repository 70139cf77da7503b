"""R-33: killed at any moment, correlation issues what an uninterrupted run issues, and says so, once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.faults.correlating import BATCH, fill
from tests.faults.rig import FULL
from tests.running import PROJECT

EVENTS, KILLS = (200_000, 100) if FULL else (20_000, 10)
BATCH_S = 0.006  # about


def child(path: Path, how: str = "careful") -> subprocess.Popen[str]:
    """At work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.correlating", str(path), how],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def to_its_end(path: Path, how: str = "careful") -> None:
    """With `careless` it may break."""
    _, told = child(path, how).communicate(timeout=600)
    assert how == "careless" or not told, told


def issued(path: Path) -> list[tuple[str, str]]:
    """Keys and attributes of the correlation events, in the order of the log."""
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT key, attributes FROM event WHERE key NOT NULL ORDER BY number"
        return db.execute(query).fetchall()


def killed(path: Path, kills: int, how: str = "careful") -> int:
    """Kills it so many times, spread over its work, somewhere in a batch; how often it was still at work."""
    dice, hits = random.Random(5), 0
    for _ in range(kills):
        process = child(path, how)
        assert process.stdout is not None
        for _ in range(dice.randrange(2 * EVENTS // BATCH // (kills + 1))):
            process.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0, BATCH_S))
        hits += process.poll() is None
        process.kill()
        process.communicate()
    return hits


def decided(path: Path) -> list[tuple[str, int, str]]:
    """What sets came to; that there is no room for more is told again after a start."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(
            "SELECT condition, issued, record FROM correlation_history"
            " WHERE record ->> 'what' IN ('success', 'fail') ORDER BY number"
        ).fetchall()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "store.db"
    fill(path, EVENTS)
    return path


def copy(log: Path, to: Path) -> Path:
    with closing(sqlite3.connect(log)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to


def test_kills(log: Path, tmp_path: Path) -> None:
    whole = copy(log, tmp_path / "whole.db")
    to_its_end(whole)
    expected = issued(whole)
    assert len(expected) > EVENTS / 20
    assert len({key for key, _ in expected}) == len(expected)
    path = copy(log, tmp_path / "killed.db")
    hits = killed(path, KILLS)
    to_its_end(path)
    print(f"{hits} kills of {KILLS} in {EVENTS} events, {len(expected)} correlation events")
    assert hits > KILLS * 0.8
    assert issued(path) == expected
    assert decided(path) == decided(whole)


def test_the_control_fails(log: Path, tmp_path: Path) -> None:
    """With the position in another transaction a kill is seen: events are offered twice."""
    whole = copy(log, tmp_path / "whole.db")
    to_its_end(whole)
    path = copy(log, tmp_path / "careless.db")
    killed(path, KILLS, "careless")
    to_its_end(path, "careless")
    assert issued(path) != issued(whole)
