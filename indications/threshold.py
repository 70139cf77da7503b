"""Limits on a measured value: when does it change the state of an element? Pure; no clock, no machine.

Each limit has a clear value of its own, so that a value on the line does not flap. Going up takes `hold`
readings in a row, going down one. A reading that fails changes nothing, three in a row make the state
unknown; the next good reading is judged afresh.
"""

from __future__ import annotations

from dataclasses import dataclass

from openesm.model import State

FAILURES_TO_UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Threshold:
    """Limits of one element, in the unit of its metric.

    High-watching: `0 < warning_clear <= warning < critical` and `warning <= critical_clear <= critical`.
    Low-watching (`low_is_bad`, as for free space) is the mirror image.
    """

    warning: float
    warning_clear: float
    critical: float
    critical_clear: float
    low_is_bad: bool = False
    hold: int = 1

    @property
    def is_consistent(self) -> bool:
        """Whether the limits stand in an order that can be judged; a set that is not is refused whole."""
        if self.low_is_bad:
            in_order = self.critical < self.warning <= self.warning_clear
            return 0 <= self.critical <= self.critical_clear <= self.warning and in_order and self.hold >= 1
        in_order = 0 < self.warning_clear <= self.warning < self.critical
        return in_order and self.warning <= self.critical_clear <= self.critical and self.hold >= 1

    def judge(self, value: float, before: State) -> State:
        """The state that `value` stands for, coming from `before`."""
        if self._reaches(value, self.critical):
            return State.CRITICAL
        if before is State.CRITICAL and self._reaches(value, self.critical_clear):
            return State.CRITICAL
        if self._reaches(value, self.warning):
            return State.WARNING
        if before in (State.WARNING, State.CRITICAL) and self._reaches(value, self.warning_clear):
            return State.WARNING
        return State.NORMAL

    def _reaches(self, value: float, limit: float) -> bool:
        return value <= limit if self.low_is_bad else value >= limit


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of an element between two readings."""

    state: State = State.UNKNOWN
    rising: int = 0  # readings in a row that would raise the state
    failures: int = 0  # readings in a row that failed


def step(rule: Threshold, watch: Watch, value: float | None) -> Watch:
    """The watch after one reading; None is a reading that failed."""
    if value is None:
        failures = watch.failures + 1
        lost = failures >= FAILURES_TO_UNKNOWN
        return Watch(State.UNKNOWN if lost else watch.state, watch.rising, failures)
    after = rule.judge(value, watch.state)
    if after > watch.state and after is not State.NORMAL:
        rising = watch.rising + 1
        return Watch(after) if rising >= rule.hold else Watch(watch.state, rising)
    return Watch(after)
