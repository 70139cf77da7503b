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
from indications.delivery import Declined, Undelivered
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
    """How a destination is spoken to; no row stands for a heartbeat.

    Attributes:
        heartbeat_s: how long it may hear nothing before it gets a heartbeat; None for ever.
    """

    @property
    def heartbeat_s(self) -> float | None: ...

    def open(self) -> Channel:
        """The way to it; Undelivered when there is none (the trust names a missing file, say)."""

    def body(self, row: Waiting | None) -> bytes:
        """What is sent for a row."""

    def check(self, row: Waiting | None, response: Response) -> None:
        """Undelivered unless the answer says that the row was taken."""


class Office(Protocol):
    """Is told how a courier does; the number is the destination's."""

    def delivery_failed(self, number: int, failing_s: float) -> None:
        """A delivery failed; seconds since the first failure in a row."""

    def gave_up(self, number: int, count: int) -> None:
        """The time of so many indications is over."""

    def declined(self, number: int) -> None:
        """The receiver wants to be told nothing more."""


class Courier:
    """Delivers to one destination.

    Args:
        number: of the destination in the store.
        way: how it is spoken to.
        now: agent time.
        interval_s: DeliveryRetryInterval now.
        office: is told how it goes.
    """

    def __init__(
        self,
        number: int,
        url: str,
        outbox: Outbox,
        way: Way,
        now: Callable[[], float],
        interval_s: Callable[[], float],
        office: Office,
    ) -> None:
        self.number = number
        self.url = url
        self.standing: Standing = outbox.standing(number)
        self._outbox = outbox
        self._way = way
        self._channel: Channel | None = None
        self._now = now
        self._interval_s = interval_s
        self._office = office
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
                await self._wait()
                continue
            after = await self._deliver(rows)

    async def _wait(self) -> None:
        """Until there is news; who wants to hear from us hears in between."""
        while not self._news.is_set():
            try:
                async with asyncio.timeout(self._way.heartbeat_s):
                    await self._news.wait()
            except TimeoutError:
                await self._beat()

    async def _beat(self) -> None:
        try:
            await self._send(None, self._way.body(None))
        except Undelivered as failed:
            self._note_failure(failed, "a heartbeat")
        else:
            if self.standing.failing_since is not None:
                self._outbox.note_failing(self.number, None)
            self._note_success()

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
        try:
            body = self._way.body(row)
        except (
            KeyError,
            TypeError,
            ValueError,
            OverflowError,
        ):  # never met; the queue must go on all the same
            log.exception("%s: indication %s cannot be written", self.url, row.sequence)
            return True
        attempt = 0
        while True:
            try:
                await self._send(row, body)
            except Undelivered as failed:
                attempt += 1
                self._note_failure(failed, f"indication {row.sequence}")
                if await self._cut_queue(row):
                    return False
                delay = next_delay(
                    attempt,
                    self._interval_s(),
                    dice=random.random(),  # noqa: S311  spreads load, guards nothing
                    slow=isinstance(failed, Refused | Declined),
                )
                await asyncio.sleep(delay)
            else:
                self._note_success()
                self.standing.sent += 1
                return True

    async def _send(self, row: Waiting | None, body: bytes) -> None:
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
        standing.last_success = self._now()
        standing.failing_since = standing.error = None

    def _note_failure(self, failed: Undelivered, what: str) -> None:
        standing, now = self.standing, self._now()
        if standing.failing_since is None:
            standing.failing_since = now
            self._outbox.note_failing(self.number, now)
            log.warning("%s: %s is not delivered: %s", self.url, what, failed.reason)
        log.debug("%s: %s: %s", self.url, what, failed.reason)
        standing.error = failed.reason
        if isinstance(failed, Declined):
            self._office.declined(self.number)
        else:
            self._office.delivery_failed(self.number, now - standing.failing_since)

    async def _cut_queue(self, row: Waiting) -> bool:
        """Gives up what waited too long; whether that was the row in hand."""
        if not self._outbox.is_over(row):
            return False
        try:
            count = await asyncio.wrap_future(self._outbox.give_up(self.number))
        except sqlite3.Error:
            return False
        self.standing.given_up += count
        self._office.gave_up(self.number, count)
        return True
