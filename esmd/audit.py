"""The audit log: log-ins that failed, and every change made through the agent; one event, one line."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

PER_MINUTE = 30  # failed log-ins told one by one; the rest of a minute is told as a number


class Audit:
    """Formats events and hands the lines to `write`.

    Args:
        write: takes a finished line without its newline; owns the file.
        wall: seconds since the epoch, for the time stamp.
        now: monotonic seconds, for counting.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        wall: Callable[[], float] = time.time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._wall = wall
        self._now = now
        self._failures: deque[tuple[int, int]] = deque(maxlen=60)  # (minute, count)

    def failed_login(self, user: str, source: str, reason: str) -> None:
        """A request that ended in 401; beyond `PER_MINUTE` a minute they are only counted."""
        minute = int(self._now() // 60)
        if not self._failures or self._failures[-1][0] != minute:
            self._tell_rest()
            self._failures.append((minute, 0))
        count = self._failures[-1][1] + 1
        self._failures[-1] = (minute, count)
        if count <= PER_MINUTE:
            self.event("auth-fail", user=user, source=source, reason=reason)

    def _tell_rest(self) -> None:
        if self._failures and self._failures[-1][1] > PER_MINUTE:
            self.event("auth-fail", more=self._failures[-1][1] - PER_MINUTE)

    def failures_last_hour(self) -> int:
        since = int(self._now() // 60) - 60
        return sum(count for minute, count in self._failures if minute > since)

    def event(self, kind: str, **fields: object) -> None:
        """Writes `TIME KIND name="value" …`; values are escaped so that one event stays one line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._wall()))
        told = " ".join(f"{name}={quoted(str(value))}" for name, value in fields.items())
        self._write(f"{stamp} {kind} {told}")


def quoted(text: str, limit: int = 256) -> str:
    """`text` in double quotes, with everything that could end the line or steer a terminal escaped."""
    cut = text if len(text) <= limit else f"{text[:limit]}…"
    escaped = "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else f"\\u{ord(char):04x}"
        for char in cut
    )
    return f'"{escaped}"'
