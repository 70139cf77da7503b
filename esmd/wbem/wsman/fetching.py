"""Pull and Release of events by a sink that fetches them (DSP0226 10.2.9.5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Protocol
from xml.etree.ElementTree import Element

from esmd.auth.principal import Principal
from esmd.mailbox import Mailbox
from esmd.outbox import Waiting
from esmd.registry import Registry
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.enumerating import context_of, number_of
from esmd.wbem.wsman.envelope import Envelope, seconds_of
from esmd.wbem.wsman.eventing import call, sink_key
from esmd.wbem.wsman.events import HEARTBEAT
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ENUMERATION, PULL, RELEASE, tag
from esmd.wbem.wsman.pages import OVERHEAD_BYTES
from esmd.wbem.wsman.transfer import Answer
from subscription.model import Destination

WAIT_S = 50.0  # of a Pull that does not say how long
_BEAT = f'<wsman:Event Action="{HEARTBEAT}"/>'


class Mailboxes(Protocol):
    """Has the queues of those who fetch."""

    def mailbox(self, number: int) -> Mailbox | None:
        """That of a destination."""


class Fetching:
    """Carries them out; each gives the action of its answer, its body and more headers.

    A context is the Identifier of the subscription, a slash, and the row up to which the sink has everything.
    Each answer gives the next one; who comes with the last one again gets the same events again.

    Args:
        mailboxes: hand out what is fetched.
        now: agent time.
    """

    def __init__(self, registry: Registry, mailboxes: Mailboxes, now: Callable[[], float]) -> None:
        self._registry = registry
        self._mailboxes = mailboxes
        self._now = now

    def knows(self, request: Envelope) -> bool:
        """Whether a Pull or Release is about events, not about an enumeration."""
        return self._sink(request) is not None

    async def pull(self, request: Envelope, principal: Principal) -> Answer:
        """The next events, when there are some."""
        asked, sink = self._asked(request, principal)
        box = self._mailboxes.mailbox(sink.number)
        if box is None:
            raise Fault("wsa:EndpointUnavailable")
        if box.is_busy:
            raise Fault("wsman:Concurrency")
        identifier, after = _place(context_of(asked))
        wait_s = _patience(asked, request.timeout_s)
        beat_s = sink.sink.heartbeat_s if sink.sink is not None else 0
        beats = 0 < beat_s < wait_s
        try:
            rows = await box.take(
                request.message_id,
                after,
                number_of(asked, "MaxElements", 1),
                (beat_s if beats else wait_s) if self._is_open(sink) else 0.0,
            )
        except sqlite3.Error:
            raise Fault("wsman:InternalError") from None
        if not rows and not self._is_open(sink):
            raise Fault("wsen:InvalidEnumerationContext")
        if not rows and not beats:
            raise Fault("wsman:TimedOut")
        items, bookmark, rows = _cut(box, rows, request.room)
        last = box.handed_out(request.message_id, rows)
        content = (
            f"<wsen:EnumerationContext>{identifier}/{last}</wsen:EnumerationContext>"
            f"<wsen:Items>{items or _BEAT}</wsen:Items>"
        )
        return f"{PULL}Response", f"<wsen:PullResponse>{content}</wsen:PullResponse>", bookmark

    async def release(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        """The end of the subscription."""
        _, sink = self._asked(request, principal)
        await calls.change(
            call("DeleteInstance", sink.name), principal, lambda: self._registry.remove_sink(sink.key)
        )
        return f"{RELEASE}Response", "", ""

    def _sink(self, request: Envelope) -> Destination | None:
        identifier = context_of(request.content).partition("/")[0]
        found = self._registry.book.destinations.get(sink_key(identifier))
        return found if found is not None and found.is_pulled else None

    def _asked(self, request: Envelope, principal: Principal) -> tuple[Element, Destination]:
        """The request and the sink it is about, which has to be the user's own (SEC-08)."""
        asked, sink = request.content, self._sink(request)
        if asked is None or sink is None or sink.owner != principal.name:
            raise Fault("wsen:InvalidEnumerationContext")
        if asked.tag not in (tag(ENUMERATION, "Pull"), tag(ENUMERATION, "Release")):
            raise Fault("wsman:SchemaValidationError")
        return asked, sink

    def _is_open(self, sink: Destination) -> bool:
        """Whether more may come: its subscription has not ended."""
        active = self._registry.book.active_or_disabled(self._now())
        return any(subscription.destination_key == sink.key for subscription in active)


def _place(context: str) -> tuple[str, int | None]:
    """The subscription that a context is of, and the row up to which the sink says it has everything."""
    identifier, _, after = context.partition("/")
    if not after:
        return identifier, None
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise Fault("wsen:InvalidEnumerationContext")
    return identifier, int(after)


def _patience(asked: Element, timeout_s: float | None) -> float:
    """How long a Pull may wait for an event: MaxTime or OperationTimeout, whichever is shorter."""
    text = asked.findtext(tag(ENUMERATION, "MaxTime"))
    seconds = None if text is None else seconds_of(text)
    if text is not None and (seconds is None or seconds <= 0):
        raise Fault("wsman:SchemaValidationError")
    given = [each for each in (seconds, timeout_s) if each is not None]
    return min(given) if given else WAIT_S


def _cut(box: Mailbox, rows: list[Waiting], room: int | None) -> tuple[str, str, list[Waiting]]:
    """The events that fit, the bookmark of the last one, and their rows.

    Raises:
        Fault: not even one fits.
    """
    items, bookmark, used = "", "", 0
    for number, row in enumerate(rows):
        item, mark = box.item(row)
        used += len(item.encode())
        if room is not None and used > room - OVERHEAD_BYTES:
            if number == 0:
                raise Fault("wsman:EncodingLimit", "MaxEnvelopeSize")
            return items, bookmark, rows[:number]
        items, bookmark = items + item, mark
    return items, bookmark, rows
