"""Agent time goes forward only, whatever happens to the clocks of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from esmd.clock import LONGEST_DOWN_S, AgentClock, Checkpoint, boot_id, resumed

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86400.0, 365.25 * 86400.0
NOON = 1_764_072_000.0  # wall clock when a story begins


@dataclass
class Machine:
    """The clocks of a machine, moved by hand."""

    up: float = 500.0
    wall: float = NOON
    boot: str = "first"

    def pass_(self, seconds: float) -> None:
        self.up += seconds
        self.wall += seconds

    def set_wall(self, seconds: float) -> None:
        self.wall += seconds

    def reboot(self, *, off_s: float, set_s: float = 0.0, boot: str = "second") -> None:
        """Off for a while; meanwhile the wall clock may be set by `set_s`."""
        self.wall += off_s + set_s
        self.up, self.boot = 20.0, boot

    def start(self, last: Checkpoint | None = None) -> AgentClock:
        start = resumed(last, self.up, self.boot, self.wall)
        return AgentClock(start, lambda: self.up, lambda: self.wall)


def test_first_start() -> None:
    machine = Machine()
    clock = machine.start()
    assert clock.now() == 0.0
    machine.pass_(HOUR)
    assert clock.now() == HOUR


@pytest.mark.parametrize("set_s", [10 * YEAR, -10 * YEAR, 2 * HOUR, -HOUR])
def test_wall_clock_set_while_up(set_s: float) -> None:
    """FAQ-6: the wall clock does not touch a lifetime."""
    machine = Machine()
    clock = machine.start()
    machine.pass_(MINUTE)
    machine.set_wall(set_s)
    assert clock.now() == MINUTE
    machine.pass_(MINUTE)
    assert clock.now() == 2 * MINUTE


def test_wall_clock_that_swings() -> None:
    machine = Machine()
    clock = machine.start()
    seen = []
    for set_s in (HOUR, -2 * HOUR, YEAR, -YEAR, HOUR):
        machine.set_wall(set_s)
        machine.pass_(1.0)
        seen.append(clock.now())
    assert seen == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize("set_s", [0.0, 10 * YEAR, -HOUR])
def test_agent_started_again_in_the_same_boot(set_s: float) -> None:
    machine = Machine()
    clock = machine.start()
    machine.pass_(HOUR)
    last = clock.checkpoint()
    machine.set_wall(set_s)
    machine.pass_(MINUTE)
    assert machine.start(last).now() == HOUR + MINUTE


@pytest.mark.parametrize(
    ("off_s", "set_s", "boot", "charged"),
    [
        pytest.param(2 * DAY, 0.0, "second", 2 * DAY, id="off for two days"),
        pytest.param(MINUTE, 0.0, "second", MINUTE, id="a quick reboot"),
        pytest.param(HOUR, -2 * HOUR, "second", 0.0, id="the wall clock went back"),
        pytest.param(HOUR, -10 * YEAR, "second", 0.0, id="the battery of the clock is dead"),
        pytest.param(HOUR, 10 * YEAR, "second", LONGEST_DOWN_S, id="the wall clock went ten years forward"),
        pytest.param(LONGEST_DOWN_S, 0.0, "second", LONGEST_DOWN_S, id="as long as is believed"),
        pytest.param(2 * DAY, 0.0, "first", 2 * DAY, id="the same boot, but its clock began anew"),
    ],
)
def test_reboot(off_s: float, set_s: float, boot: str, charged: float) -> None:
    machine = Machine()
    clock = machine.start()
    machine.pass_(HOUR)
    last = clock.checkpoint()
    machine.reboot(off_s=off_s, set_s=set_s, boot=boot)
    again = machine.start(last)
    assert again.now() == HOUR + charged
    machine.pass_(MINUTE)
    assert again.now() == HOUR + charged + MINUTE


def test_crash_between_checkpoints() -> None:
    """What passed since the last checkpoint counts too: it is the wall clock's word, once."""
    machine = Machine()
    last = machine.start().checkpoint()
    machine.pass_(MINUTE)
    machine.reboot(off_s=HOUR)
    assert machine.start(last).now() == MINUTE + HOUR


def test_two_reboots() -> None:
    machine = Machine()
    last = machine.start().checkpoint()
    machine.reboot(off_s=DAY)
    second = machine.start(last)
    machine.pass_(HOUR)
    last = second.checkpoint()
    machine.reboot(off_s=DAY, set_s=-3 * DAY, boot="third")
    assert machine.start(last).now() == DAY + HOUR


def test_unknown_boot_is_told_by_the_wall_clock() -> None:
    """Without a boot id each start is a new boot (`boot_id`), even when the boot clock went on."""
    machine = Machine(boot="")
    last = machine.start().checkpoint()
    machine.up += HOUR
    machine.wall += 2 * HOUR
    assert machine.start(last).now() == 2 * HOUR


def test_checkpoint_tells_all_clocks() -> None:
    machine = Machine()
    clock = machine.start()
    machine.pass_(HOUR)
    machine.set_wall(DAY)
    assert clock.checkpoint() == Checkpoint(HOUR, 500.0 + HOUR, "first", NOON + HOUR + DAY)


def test_boot_id(tmp_path: Path) -> None:
    folder = tmp_path / "sys/kernel/random"
    folder.mkdir(parents=True)
    (folder / "boot_id").write_text("5e0a6c7e-0000-4000-8000-000000000000\n")
    assert boot_id(tmp_path) == "5e0a6c7e-0000-4000-8000-000000000000"
    assert boot_id(tmp_path / "none") == ""


def test_clocks_of_this_machine() -> None:
    clock = AgentClock(Checkpoint(7.0, 0.0, "", 0.0))
    first, second = clock.now(), clock.now()
    assert 7.0 < first <= second
    assert clock.checkpoint().wall > NOON - 10 * YEAR
