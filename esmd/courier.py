"""One courier a destination: takes its queue in order, one at a time, until the listener has accepted each.

The next row is sent while the deletion of the last is still being committed; after a crash some are sent
again, with the same sequence numbers (F13). A destination that does not answer keeps only its own courier.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable
from typing import Protocol

from esmd.outbox import Outbox, Standing, Waiting
from indications.delivery import Undelivered
from indications.delivery.answer import Response
from indications.delivery.client import Channel
from indications.delivery.export import Refused
from indications.delivery.retry import next_delay

BATCH = 200
UNCONFIRMED_BATCHES = 2  # deletions that may be on their way to the disk
STORE_PAUSE_S = 1.0
FINISH_S = 1.5

log = logging.getLogger("openesm.delivery")


class Way(Protocol):
    """How a destination is spoken to."""

    def open(self) -> Channel:
        """The way to it; Undelivered when there is none (the trust names a missing file, say)."""

    def body(self, row: Waiting) -> bytes:
        """What is sent for a row."""

    def check(self, row: Waiting, response: Response) -> None:
        """Undelivered unless the answer says that the row was taken."""


class Courier:
    """Delivers to one destination.

    Args:
        number: of the destination in the store.
        way: how it is spoken to.
        now: agent time.
        interval_s: DeliveryRetryInterval now.
        failed: called when a delivery failed, with the seconds since the first failure in a row.
        gave_up: called with the number of rows whose time is over.
    """

    def __init__(
        self,
        number: int,
        url: str,
        outbox: Outbox,
        way: Way,
        now: Callable[[], float],
        interval_s: Callable[[], float],
        failed: Callable[[int, float], None],
        gave_up: Callable[[int, int], None],
    ) -> None:
        self.number = number
        self.url = url
        self.standing: Standing = outbox.standing(number)
        self._outbox = outbox
        self._way = way
        self._channel: Channel | None = None
        self._now = now
        self._interval_s = interval_s
        self._failed = failed
        self._gave_up = gave_up
        self._news = asyncio.Event()
        self._leaving = False  # ends when the queue is empty
        self._last_row = False  # ends after the delivery in hand
        self._deletions: set[asyncio.Future[None]] = set()
        self._task = asyncio.ensure_future(self._run())

    def wake(self) -> None:
        """Something new is in the queue, or it is worth trying again now."""
        self._news.set()

    async def close(self, drain_s: float = 0.0) -> None:
        """Stops after the delivery in hand, if the listener takes it; what it took is forgotten durably.

        Args:
            drain_s: how long it may go on with its queue before that.
        """
        self._leaving = True
        self._news.set()
        if self.standing.failing_since is None:
            await asyncio.wait({self._task}, timeout=drain_s)
            self._last_row = True
            await asyncio.wait({self._task}, timeout=FINISH_S)
        self._task.cancel()
        await asyncio.gather(self._task, *self._deletions, return_exceptions=True)
        if self._channel is not None:
            self._channel.close()

    async def _run(self) -> None:
        after = 0
        while not self._last_row:
            self._news.clear()
            try:
                rows = await asyncio.wrap_future(self._outbox.claim(self.number, after, BATCH))
            except sqlite3.Error:
                await asyncio.sleep(STORE_PAUSE_S)  # the store itself has told of it
                continue
            if not rows and self._leaving:
                return
            if not rows:
                await self._news.wait()
                continue
            after = await self._deliver(rows)

    async def _deliver(self, rows: list[Waiting]) -> int:
        """Delivers rows in order; the number of the last one that is done with."""
        done: list[int] = []
        try:
            for row in rows:
                if self._last_row or not await self._until_accepted(row):
                    break
                done.append(row.number)
        finally:
            if done:
                self._forget(done[-1], len(done))
        while len(self._deletions) > UNCONFIRMED_BATCHES:
            await asyncio.wait(self._deletions, return_when=asyncio.FIRST_COMPLETED)
        return done[-1] if done else rows[0].number - 1

    def _forget(self, last: int, count: int) -> None:
        deletion = asyncio.wrap_future(self._outbox.delivered(self.number, last, count))
        self._deletions.add(deletion)
        deletion.add_done_callback(self._forgotten)

    def _forgotten(self, deletion: asyncio.Future[None]) -> None:
        self._deletions.discard(deletion)
        if not deletion.cancelled() and deletion.exception() is not None:
            log.warning("%s: delivered indications may be sent again: %s", self.url, deletion.exception())

    async def _until_accepted(self, row: Waiting) -> bool:
        """True once the listener has accepted it; False when its time is over and the queue was cut."""
        body = self._way.body(row)
        attempt = 0
        while True:
            try:
                await self._send(row, body)
            except Undelivered as failed:
                attempt += 1
                self._note_failure(failed, row, attempt)
                if await self._cut_queue(row):
                    return False
                delay = next_delay(
                    attempt,
                    self._interval_s(),
                    dice=random.random(),  # noqa: S311  spreads load, guards nothing
                    slow=isinstance(failed, Refused),
                )
                await asyncio.sleep(delay)
            else:
                self._note_success()
                return True

    async def _send(self, row: Waiting, body: bytes) -> None:
        if self._channel is None:
            self._channel = self._way.open()
        try:
            response = await self._channel.post(body)
            self._way.check(row, response)
        except Undelivered:
            self._channel.close()
            self._channel = None
            raise

    def _note_success(self) -> None:
        standing = self.standing
        if standing.failing_since is not None:
            log.warning("%s: delivers again", self.url)
        standing.sent += 1
        standing.last_success = self._now()
        standing.failing_since = standing.error = None

    def _note_failure(self, failed: Undelivered, row: Waiting, attempt: int) -> None:
        standing, now = self.standing, self._now()
        if standing.failing_since is None:
            standing.failing_since = now
            self._outbox.note_failing(self.number, now)
            log.warning("%s: indication %d is not delivered: %s", self.url, row.sequence, failed.reason)
        log.debug("%s: try %d: %s", self.url, attempt, failed.reason)
        standing.error = failed.reason
        self._failed(self.number, now - standing.failing_since)

    async def _cut_queue(self, row: Waiting) -> bool:
        """Gives up what waited too long; whether that was the row in hand."""
        if not self._outbox.is_over(row):
            return False
        try:
            count = await asyncio.wrap_future(self._outbox.give_up(self.number))
        except sqlite3.Error:
            return False
        self.standing.given_up += count
        self._gave_up(self.number, count)
        return True
