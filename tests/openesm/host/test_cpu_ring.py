"""The CPU figure: samples in time, and the means they make."""

from collections.abc import Sequence

import pytest

from openesm.host.cpu import parse_loadavg, parse_stat
from openesm.host.cpu_ring import CpuLoad, CpuRing, CpuTimes

STEP = 500  # ticks in 5 s


def after(shares: Sequence[float], step_s: float = 5.0) -> CpuLoad | None:
    """The figures after one CPU was busy with each share of a step in turn."""
    ring = CpuRing()
    user = idle = 0
    ring.add(0.0, {"cpu0": CpuTimes(0, 0, 0, 0, 0)})
    for at, share in enumerate(shares, start=1):
        user, idle = user + round(STEP * share), idle + round(STEP * (1 - share))
        ring.add(at * step_s, {"cpu0": CpuTimes(user, 0, 0, idle, 0)})
    return ring.loads().get("cpu0")


@pytest.mark.parametrize(
    ("shares", "load", "load_5min"),
    [
        pytest.param([], None, None, id="one sample says nothing"),
        pytest.param([0.5], 50.0, 50.0, id="5 s are enough"),
        pytest.param([1.0] * 6 + [0.0] * 6, 50.0, 50.0, id="half of the minute"),
        pytest.param([0.0] * 60 + [1.0] * 12, 100.0, 20.0, id="a busy minute after five idle ones"),
        pytest.param([1.0] * 60 + [0.0] * 6, 50.0, 90.0, id="decays over one minute"),
        pytest.param([1.0] * 120 + [0.0] * 12, 0.0, 80.0, id="idle for a minute"),
    ],
)
def test_mean_of_the_last_minute(shares: list[float], load: float | None, load_5min: float | None) -> None:
    found = after(shares)
    assert (found.load if found else None) == (None if load is None else pytest.approx(load))
    assert (found.load_5min if found else None) == (None if load_5min is None else pytest.approx(load_5min))


@pytest.mark.parametrize("step_s", [4.9, 5.0, 5.1], ids=str)
def test_a_clock_that_is_a_little_off_still_spans_a_minute(step_s: float) -> None:
    found = after([0.0] * 12 + [1.0] * 12, step_s)
    assert found is not None
    assert found.load == pytest.approx(100.0)


def test_a_gap_is_not_averaged_over() -> None:
    ring = CpuRing()
    ring.add(0.0, {"cpu0": CpuTimes(0, 0, 0, 0, 0)})
    ring.add(100.0, {"cpu0": CpuTimes(9000, 0, 0, 1000, 0)})
    assert ring.loads() == {}
    ring.add(105.0, {"cpu0": CpuTimes(9100, 0, 0, 1400, 0)})
    assert ring.loads()["cpu0"].load == pytest.approx(20.0)


def test_samples_that_come_too_soon_add_nothing() -> None:
    ring = CpuRing()
    for at in range(120):
        ring.add(at, {"cpu0": CpuTimes(50 * at, 0, 0, 50 * at, 0)})
    assert ring.loads()["cpu0"].load == pytest.approx(50.0)
    assert ring.loads()["cpu0"].load_5min == pytest.approx(50.0)


def test_shares_of_a_minute() -> None:
    ring = CpuRing()
    ring.add(0.0, {"cpu": CpuTimes(10, 10, 10, 10, 10, 10, 10, 10)})
    ring.add(5.0, {"cpu": CpuTimes(50, 20, 20, 60, 30, 15, 15, 30)})
    # Δ: user 40, nice 10, system 10, idle 50, iowait 20, irq 5, softirq 5, steal 20: 160 in all
    assert ring.loads()["cpu"] == pytest.approx((56.25, 31.25, 12.5, 12.5, 12.5, 56.25))


def test_counters_that_go_back_restart_only_their_cpu() -> None:
    ring = CpuRing()
    ring.add(0.0, {"cpu0": CpuTimes(500, 0, 0, 500, 0), "cpu1": CpuTimes(0, 0, 0, 0, 0)})
    ring.add(5.0, {"cpu0": CpuTimes(1, 0, 0, 1, 0), "cpu1": CpuTimes(100, 0, 0, 300, 0)})
    assert {cpu: load.load for cpu, load in ring.loads().items()} == {"cpu1": 25.0}
    ring.add(10.0, {"cpu0": CpuTimes(76, 0, 0, 26, 0), "cpu1": CpuTimes(100, 0, 0, 700, 0)})
    assert {cpu: load.load for cpu, load in ring.loads().items()} == {"cpu0": 75.0, "cpu1": 12.5}


def test_iowait_may_go_back() -> None:
    ring = CpuRing()
    ring.add(0.0, {"cpu0": CpuTimes(0, 0, 0, 100, 50)})
    ring.add(5.0, {"cpu0": CpuTimes(100, 0, 0, 210, 40)})
    assert ring.loads()["cpu0"].load == pytest.approx(50.0)
    assert ring.loads()["cpu0"].iowait == 0.0


def test_cpus_come_and_go() -> None:
    ring = CpuRing()
    both = {"cpu0": CpuTimes(0, 0, 0, 0, 0), "cpu1": CpuTimes(0, 0, 0, 0, 0)}
    ring.add(0.0, both)
    ring.add(5.0, {"cpu0": CpuTimes(1, 0, 0, 1, 0)})
    assert set(ring.loads()) == {"cpu0"}
    ring.add(10.0, {"cpu0": CpuTimes(2, 0, 0, 2, 0), "cpu1": CpuTimes(9, 0, 0, 9, 0)})
    assert set(ring.loads()) == {"cpu0"}
    ring.add(15.0, {"cpu0": CpuTimes(3, 0, 0, 3, 0), "cpu1": CpuTimes(10, 0, 0, 10, 0)})
    assert set(ring.loads()) == {"cpu0", "cpu1"}


def test_no_tick_in_between_gives_no_figure() -> None:
    ring = CpuRing()
    for at in (0.0, 5.0):
        ring.add(at, {"cpu0": CpuTimes(7, 0, 0, 7, 0)})
    assert ring.loads() == {}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b"cpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\n", {"cpu0": (1, 2, 3, 4, 5, 6, 7, 8)}, id="all columns"
        ),
        pytest.param(b"cpu0 1 2 3 4 5\n", {"cpu0": (1, 2, 3, 4, 5, 0, 0, 0)}, id="an old kernel"),
        pytest.param(b"cpu0 1 -2 3 4 5\ncpu1 1 2 3 4 5\n", {"cpu1": (1, 2, 3, 4, 5, 0, 0, 0)}, id="negative"),
        pytest.param(b"cpu0 1 2\ncpu1 a b c d e\n", {}, id="cut and odd"),
        pytest.param(b"", {}, id="empty"),
        pytest.param(None, {}, id="missing"),
    ],
)
def test_stat_lines(content: bytes | None, expected: dict[str, tuple[int, ...]]) -> None:
    assert {cpu: tuple(times) for cpu, times in parse_stat(content).items()} == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"0.52 0.58 0.59 2/345 6789\n", (0.52, 0.58, 0.59), id="good"),
        pytest.param(b"nan -1 2.0", (None, None, 2.0), id="odd"),
        pytest.param(b"1.0", (1.0, None, None), id="cut"),
        pytest.param(None, (None, None, None), id="missing"),
    ],
)
def test_load_averages(content: bytes | None, expected: tuple[float | None, ...]) -> None:
    assert parse_loadavg(content) == expected
