"""F01: kill -9 at any moment loses nothing, reorders nothing, and repeats only what can be told as such."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.faults.receiver import receiving
from tests.faults.rig import FULL, Rig, kill

KILLS, DESTINATIONS, EACH, LONGEST_S = (100, 10, 400, 1.0) if FULL else (6, 3, 60, 0.6)
SEED = 20261125


def test_killed_at_random(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, [f"d{number}" for number in range(DESTINATIONS)])
        rig.prepare()
        for _ in range(KILLS):
            with rig.agent() as agent:
                telling = threading.Thread(target=rig.tell, args=(agent, EACH))
                telling.start()
                telling.join(dice.uniform(0.0, LONGEST_S))
                agent.process.kill()
                telling.join()
                kill(agent)
        with rig.agent() as agent:
            assert rig.tell(agent, 10)
        rig.drain()
        verdict = rig.check()
    with capsys.disabled():
        print(
            f"\nF01: {KILLS} kills, {len(rig.acknowledged):,} alerts promised,"
            f" {len(rig.sent()):,} indications: 0 lost, 0 reordered, {len(verdict.duplicated):,} repeats"
        )


CALLS = "write,pwrite64,writev,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,sendto,sendmsg"
EVENTS = 12
STEP = 1 if FULL else 25
LAST = 2000


@pytest.mark.needs("strace")
def test_killed_at_every_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SIGKILL at the N-th call that writes, syncs or sends, of any thread, until 12 events pass alive."""
    with receiving() as receiver:
        rig = Rig(tmp_path, receiver, ["a", "b"])
        rig.prepare()
        killed, number, alive = 0, 1, False
        while not alive:
            assert number < LAST
            alive = rig.survives(f"signal=KILL:when={number}", CALLS, EVENTS)
            killed, number = killed + (not alive), number + STEP
        rig.drain()
        verdict = rig.check()
    with capsys.disabled():
        print(
            f"\nF01: killed at {killed} of the first {number} calls, {len(rig.acknowledged)} alerts promised:"
            f" 0 lost, 0 reordered, {len(verdict.duplicated)} repeats"
        )
