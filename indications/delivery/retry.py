"""When an undelivered indication is tried again, and when it is given up. Pure: no clock, no dice.

The first tries come quickly, because a gap of a whole interval after one hiccup is what people call a lost
indication (wbem standards I20); then the interval of the indication service rules (I02). A receiver that
refuses us is asked seldom (F11).
"""

from __future__ import annotations

INTERVAL_S = 30
RETENTION_S = 72 * 3600.0
SLOW_S = 300.0
_QUICK_S = (1.0, 2.0, 5.0)
_JITTER = 0.1


def next_delay(
    attempt: int, interval_s: float = INTERVAL_S, *, dice: float = 0.5, slow: bool = False
) -> float:
    """Seconds until the next try.

    Args:
        attempt: how many tries have failed, 1 or more.
        interval_s: DeliveryRetryInterval.
        dice: random in 0..1; spreads the delay by 10 % to either side.
        slow: the receiver refused (`export.Refused`).
    """
    if slow:
        delay = max(SLOW_S, interval_s)
    elif attempt <= len(_QUICK_S):
        delay = min(_QUICK_S[attempt - 1], interval_s)
    else:
        delay = interval_s
    return delay * (1 - _JITTER + 2 * _JITTER * dice)


def is_given_up(queued_at: float, now: float, retention_s: float = RETENTION_S) -> bool:
    """Whether an indication has waited its time; both moments in agent time, so no clock change counts."""
    return now - queued_at >= retention_s
