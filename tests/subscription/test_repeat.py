"""RepeatNotificationPolicy (I11): times of like indications -> times of those that go out."""

from __future__ import annotations

import pytest

from subscription.model import RepeatPolicy, Subscription
from subscription.repeat import Repeats, step

NONE, SUPPRESS, DELAY = RepeatPolicy.NONE, RepeatPolicy.SUPPRESS, RepeatPolicy.DELAY


@pytest.mark.parametrize(
    ("policy", "count", "interval_s", "gap_s", "times", "out"),
    [
        pytest.param(NONE, None, None, None, [0, 0, 1], [0, 0, 1], id="none: all"),
        pytest.param(
            SUPPRESS, 2, 10, None, [0, 1, 2, 9], [0, 1], id="suppress: the first two of an interval"
        ),
        pytest.param(SUPPRESS, 1, 10, None, [0, 9, 10, 19, 20], [0, 10, 20], id="suppress: one an interval"),
        pytest.param(
            SUPPRESS, 1, 10, None, [0, 50, 55, 60], [0, 50, 60], id="suppress: begins with the first"
        ),
        pytest.param(DELAY, 3, 10, 5, [0, 1, 2, 3], [2], id="delay: the third"),
        pytest.param(DELAY, 3, 10, 5, [0, 1, 11, 12], [], id="delay: too few in an interval"),
        pytest.param(DELAY, 2, 10, 5, [0, 1, 2, 5, 6, 7, 8], [1, 7], id="delay: quiet for the gap"),
    ],
)
def test_policy(
    policy: RepeatPolicy,
    count: int | None,
    interval_s: int | None,
    gap_s: int | None,
    times: list[float],
    out: list[float],
) -> None:
    subscription = Subscription(
        ("f", "F"),
        ("d", "D"),
        0.0,
        repeat=policy,
        repeat_count=count,
        repeat_interval_s=interval_s,
        repeat_gap_s=gap_s,
    )
    seen, went = Repeats(), []
    for now in times:
        seen, passes = step(subscription, seen, now)
        went += [now] if passes else []
    assert went == out
