"""One run of the listener: every indication shown, checked, and only then confirmed to its sender."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

from esmctl.listener import show
from esmctl.listener.export import Export
from esmctl.listener.sequence import Sequences, Totals
from openesm.cim.errors import CIMError, Status


class Session:
    """Receives exports until `count` have come or `stop` is called.

    Args:
        write: shows a line; an OSError of it ends the session.
        as_json: one JSON object a line instead of text.
        count: how many indications to wait for; 0 for no end.
    """

    def __init__(self, write: Callable[[str], None], *, as_json: bool = False, count: int = 0) -> None:
        self._write = write
        self._as_json = as_json
        self._count = count
        self._sequences = Sequences()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def receive(self, sender: str, export: Export) -> Export:
        indication = export.indication
        if self._ended.done() or indication is None:
            return _refused(export)
        who = show.text_of(indication, "SystemName") or sender
        context = show.text_of(indication, "SequenceContext")
        arrival = self._sequences.arrived(who, context, show.number_of(indication, "SequenceNumber"))
        try:
            if self._as_json:
                self._write(show.line_json(indication, sender, arrival, datetime.now(UTC)))
            else:
                self._write(show.line(indication, sender))
                if text := show.remark(arrival, indication, sender):
                    self._write(text)
        except OSError as failed:
            self._ended.set_exception(failed)
            return _refused(export)
        if self._count and self.totals.received >= self._count:
            self.stop()
        return export

    def stop(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    async def ended(self) -> None:
        """Waits for the end; raises the OSError that kept a line from being shown."""
        await self._ended

    @property
    def totals(self) -> Totals:
        return self._sequences.totals()

    def finish(self) -> None:
        """Shows the summary."""
        self._write(show.summary_json(self.totals) if self._as_json else show.summary(self.totals))


def _refused(export: Export) -> Export:
    problem = CIMError.of(Status.FAILED, "listen.stopping")
    return dataclasses.replace(export, problem=problem)
