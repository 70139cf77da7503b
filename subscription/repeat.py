"""RepeatNotificationPolicy (I11): which of many like indications a subscription lets through. Pure.

Like indications are those of one element and event. Suppress: within `interval` the first `count` go out, the
rest not. Delay: within `interval` nothing goes out until the `count`-th, then that one, and nothing more for
`gap`; a single exception that does not come back is never told.
"""

from __future__ import annotations

from dataclasses import dataclass

from subscription.model import RepeatPolicy, Subscription


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was counted so far; agent time."""

    began: float = float("-inf")
    count: int = 0
    quiet_until: float = float("-inf")


def step(subscription: Subscription, seen: Repeats, now: float) -> tuple[Repeats, bool]:
    """The new count, and whether the indication at `now` goes out."""
    if subscription.repeat is RepeatPolicy.NONE:
        return seen, True
    interval, most = subscription.repeat_interval_s or 1, subscription.repeat_count or 1
    if now - seen.began >= interval:
        seen = Repeats(now, 0, seen.quiet_until)
    count = seen.count + 1
    if subscription.repeat is RepeatPolicy.SUPPRESS:
        return Repeats(seen.began, count, seen.quiet_until), count <= most
    if now < seen.quiet_until:
        return Repeats(seen.began, 0, seen.quiet_until), False
    if count < most:
        return Repeats(seen.began, count, seen.quiet_until), False
    return Repeats(now, 0, now + (subscription.repeat_gap_s or 0)), True
