"""The CPU figures: from counters that only grow to the mean of the last minute (CIM-5).

Pure: the caller brings the counters and a clock that does not jump.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE_S = 60.0
STEP_S = 5.0
FINE_SAMPLES = 13  # 60 s in steps of 5 s
COARSE_STEP_S = 30.0
COARSE_SAMPLES = 11  # 300 s in steps of 30 s
SOONEST = 0.8  # of a step: a sample that comes sooner adds nothing
OLDEST = 1.25  # of a span: a sample older than this says nothing of the last minute


class CpuTimes(NamedTuple):
    """A `cpu` line of /proc/stat, in ticks. Guest time is already inside user and nice (proc(5))."""

    user: int
    nice: int
    system: int
    idle: int
    iowait: int
    irq: int = 0
    softirq: int = 0
    steal: int = 0

    @property
    def total(self) -> int:
        return sum(self)

    @property
    def busy(self) -> int:
        return self.total - self.idle - self.iowait


class CpuLoad(NamedTuple):
    """Means of the last minute in percent, and of the last five."""

    load: float
    user: float
    system: float
    iowait: float
    steal: float
    load_5min: float | None


class _Sample(NamedTuple):
    at: float
    times: CpuTimes


@dataclass(slots=True)
class _History:
    fine: deque[_Sample] = field(default_factory=lambda: deque(maxlen=FINE_SAMPLES))
    coarse: deque[_Sample] = field(default_factory=lambda: deque(maxlen=COARSE_SAMPLES))

    def add(self, sample: _Sample) -> None:
        if self.fine and _went_back(self.fine[-1].times, sample.times):
            self.fine.clear()
            self.coarse.clear()
        self.fine.append(sample)
        if not self.coarse or sample.at - self.coarse[-1].at >= COARSE_STEP_S - STEP_S / 2:
            self.coarse.append(sample)

    def load(self) -> CpuLoad | None:
        if not self.fine:
            return None
        now = self.fine[-1]
        before = _ago(self.fine, now, MINUTE_S)
        return _load(before, now, _ago(self.coarse, now, 5 * MINUTE_S)) if before else None


class CpuRing:
    """Keeps the samples of each CPU (`cpu0`, …, and `cpu` for all together)."""

    def __init__(self) -> None:
        self._histories: dict[str, _History] = {}
        self._last: float | None = None
        self._loads: dict[str, CpuLoad] = {}

    def wants(self, now: float) -> bool:
        """Whether a sample at `now` would add anything."""
        return self._last is None or not 0 <= now - self._last < STEP_S * SOONEST

    def add(self, now: float, times: Mapping[str, CpuTimes]) -> None:
        """One reading of all CPUs. A CPU that is not in it any more is forgotten."""
        if not self.wants(now):
            return
        self._last = now
        for gone in self._histories.keys() - times.keys():
            del self._histories[gone]
        for cpu, counters in times.items():
            self._histories.setdefault(cpu, _History()).add(_Sample(now, counters))
        found = ((cpu, history.load()) for cpu, history in self._histories.items())
        self._loads = {cpu: load for cpu, load in found if load is not None}

    def loads(self) -> Mapping[str, CpuLoad]:
        """The figures of every CPU that has at least 5 s of samples."""
        return self._loads


def _went_back(before: CpuTimes, after: CpuTimes) -> bool:
    """iowait alone may go back on a running CPU (proc(5)); anything else means a restarted counter."""
    return after.total < before.total or any(
        now < then for now, then in zip(after[:4] + after[5:], before[:4] + before[5:], strict=True)
    )


def _ago(samples: Iterable[_Sample], now: _Sample, span_s: float) -> _Sample | None:
    """The sample nearest to `span_s` before now, at least one step before it."""
    usable = (sample for sample in samples if STEP_S * SOONEST <= now.at - sample.at <= span_s * OLDEST)
    return min(usable, key=lambda sample: abs(now.at - sample.at - span_s), default=None)


def _load(before: _Sample, now: _Sample, long_before: _Sample | None) -> CpuLoad | None:
    old, new = before.times, now.times
    span = new.total - old.total
    if span <= 0:
        return None
    return CpuLoad(
        load=_share(new.busy - old.busy, span),
        user=_share(new.user + new.nice - old.user - old.nice, span),
        system=_share(new.system + new.irq + new.softirq - old.system - old.irq - old.softirq, span),
        iowait=_share(new.iowait - old.iowait, span),
        steal=_share(new.steal - old.steal, span),
        load_5min=_share(new.busy - long_before.times.busy, new.total - long_before.times.total)
        if long_before and new.total > long_before.times.total
        else None,
    )


def _share(part: int, whole: int) -> float:
    return min(100.0, max(0.0, 100.0 * part / whole))
