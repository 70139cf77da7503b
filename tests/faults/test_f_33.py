"""F33: a stop in a storm is quick and loses nothing. F32: a store that cannot be used is told of."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.receiver import receiving
from tests.faults.rig import FULL, Rig, leave
from tests.running import RunningAgent, eventually

STOPS = 20 if FULL else 2
QUICK_S = 10.0


def test_f_33_stopped_in_a_storm(tmp_path: Path) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a", "b"])
        rig.prepare()
        for number in range(STOPS):
            before = len(rig.acknowledged)
            with rig.agent() as agent:
                telling = threading.Thread(target=rig.tell, args=(agent, 100_000))
                telling.start()
                receiver.wait_for("a", number * 10 + 10)
                agent.process.send_signal(signal.SIGTERM)
                asked = time.monotonic()
                assert agent.process.wait(QUICK_S) == 0
                assert time.monotonic() - asked < QUICK_S
                telling.join()
                leave()
            assert len(rig.acknowledged) > before
        rig.drain()
        rig.check()


def test_f_33_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a"])
        rig.prepare()
        with rig.agent() as agent, agent.connect() as held:
            held.sendall(b"POST /cimom HTTP/1.1\r\n")
            agent.process.send_signal(signal.SIGTERM)
            eventually(lambda: not answers(agent), "the first signal is taken")
            agent.process.send_signal(signal.SIGTERM)
            assert agent.process.wait(5) in (0, 128 + signal.SIGTERM)
            leave()
        rig.drain()
        rig.check()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        pytest.param(lambda file: file.write_bytes(b"no database at all" * 500), "store.db", id="garbage"),
        pytest.param(lambda file: newer(file), "9999", id="of a newer version"),
    ],
)
def test_f_32_a_store_that_cannot_be_used_is_told(tmp_path: Path, harm: object, says: str) -> None:
    """A downgrade and a file of somebody else are refused with a sentence, and the file is left alone."""
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a"])
        rig.prepare()
    file = tmp_path / "state" / "store.db"
    assert callable(harm)
    harm(file)
    content = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "esmd", "--config", str(tmp_path / "esmd.toml")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr
    assert file.read_bytes()[100:] == content[100:]


def answers(agent: RunningAgent) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", agent.http_port)) == 0


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 9999")
