"""F02: a power cut loses nothing that was promised; a store that does not wait for its disk would."""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

import pytest

from tests.faults.disks import Disk, disk
from tests.faults.receiver import Receiver, receiving
from tests.faults.rig import FULL, Rig, kill

CUTS, EACH = (100, 150) if FULL else (3, 60)
SEED = 7
CARELESS = (sys.executable, "-m", "tests.faults.careless")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def cut_again_and_again(rig: Rig, power: Disk, receiver: Receiver, cuts: int) -> None:
    """Every other time nobody listens, so that all is in the queue when the power goes."""
    dice = random.Random(SEED)
    for number in range(cuts):
        if number % 2:
            receiver.open()
        else:
            receiver.shut()
        with rig.agent() as agent:
            telling = threading.Thread(target=rig.tell, args=(agent, EACH))
            telling.start()
            telling.join(dice.uniform(0.02, 0.3))
            power.cut_power()
            agent.process.kill()
            telling.join()
            kill(agent)
        power.reboot()


@pytest.mark.needs("mkfs.ext4", "mkfs.xfs")
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_nothing_promised_is_lost(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving() as receiver, disk(tmp_path, kind) as power:
        rig = Rig(power.path / "agent", receiver, ["a", "b"])
        rig.prepare()
        os.sync()
        cut_again_and_again(rig, power, receiver, CUTS)
        rig.drain()
        verdict = rig.check()
        with capsys.disabled():
            print(
                f"\nF02 {kind}: {CUTS} cuts, {len(rig.acknowledged):,} alerts promised: 0 lost, 0 reordered,"
                f" {len(verdict.duplicated):,} repeats"
            )


@pytest.mark.needs("mkfs.ext4")
def test_the_test_can_see_a_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The negative control: without syncs promises are forgotten."""
    with receiving() as receiver, disk(tmp_path, "ext4") as power:
        rig = Rig(power.path / "agent", receiver, ["a"], command=CARELESS)
        rig.prepare()
        os.sync()
        cut_again_and_again(rig, power, receiver, CUTS)
        rig.drain()
        known = {told.uuid for told in rig.sent()}
        lost = [uuid for uuid in rig.acknowledged if uuid not in known]
        assert lost
        with capsys.disabled():
            print(
                f"\nF02 without syncs: {CUTS} cuts, {len(lost):,} of {len(rig.acknowledged):,} promises lost"
            )
