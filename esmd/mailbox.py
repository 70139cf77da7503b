"""What waits for a sink that fetches its events (DSP0226 10.2.9.5): handed out in order, never twice at once.

A Pull says how far the sink has got; what it has is forgotten then, and what it has not comes again, so that
an answer that was lost on its way costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from esmd.outbox import Outbox, Standing, Waiting


class Mailbox:
    """The queue of one such sink.

    Args:
        number: of the destination in the store.
        url: what it is called in lists.
        item: writes the event of a row, and gives its bookmark header.
        now: agent time.
        gave_up: called with the number of rows whose time is over.
    """

    def __init__(
        self,
        number: int,
        url: str,
        outbox: Outbox,
        item: Callable[[Waiting], tuple[str, str]],
        now: Callable[[], float],
        gave_up: Callable[[int, int], None],
    ) -> None:
        self.number = number
        self.url = url
        self.standing: Standing = outbox.standing(number)
        self.item = item
        self.is_busy = False
        self._outbox = outbox
        self._now = now
        self._gave_up = gave_up
        self._news = asyncio.Event()
        self._closed = False
        self._after = 0  # rows up to here are done with
        self._handed: tuple[str, int, int] = ("", 0, 0)  # request, last row and how many of the last answer

    def wake(self) -> None:
        """Something new is in the queue."""
        self._news.set()

    async def close(self, _drain_s: float = 0.0) -> None:
        """Whoever waits gets nothing; the queue stays."""
        self._closed = True
        self._news.set()

    async def take(self, request: str, after: int | None, most: int, wait_s: float) -> list[Waiting]:
        """The next rows; none where there are none for so long, or where the mailbox is closed meanwhile.

        Args:
            request: MessageID of the Pull.
            after: the row up to which the sink has everything; where it does not say, another request means
                that it has the last answer.
        """
        if after is None:
            after = self._after if request == self._handed[0] else self._handed[1]
        self._forget(after)
        self.is_busy = True
        try:
            return await self._next(most, asyncio.get_running_loop().time() + wait_s)
        finally:
            self.is_busy = False

    async def _next(self, most: int, deadline: float) -> list[Waiting]:
        while True:
            self._news.clear()
            rows = await asyncio.wrap_future(self._outbox.claim(self.number, self._after, most))
            if rows or self._closed:
                return rows
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                return []

    def handed_out(self, request: str, rows: list[Waiting]) -> int:
        """Notes what an answer carries; the row up to which the sink has everything when it has it."""
        last = rows[-1].number if rows else self._after
        self._handed = request, last, len(rows)
        return last

    def _forget(self, after: int) -> None:
        if after <= self._after:
            return
        count = self._handed[2] if after == self._handed[1] else 0
        self._outbox.delivered(self.number, after, count)
        self._after = after
        self.standing.sent += count
        self.standing.last_success = self._now()

    async def tidy(self) -> None:
        """Gives up what has waited its time."""
        rows = await asyncio.wrap_future(self._outbox.claim(self.number, 0, 1))
        if rows and self._outbox.is_over(rows[0]):
            count = await asyncio.wrap_future(self._outbox.give_up(self.number))
            self.standing.given_up += count
            self._gave_up(self.number, count)
