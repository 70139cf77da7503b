"""The last message to sinks of WS-Management: that their subscription has ended (DSP0226 10.8)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from esmd.wbem.wsman.events import http_headers, subscription_end
from indications.delivery import Undelivered, guard
from indications.delivery.client import Channel
from openesm.text import Language
from subscription.model import Destination, Ending

PAUSES = (0.0, 1.0, 5.0, 20.0)  # seconds before each try

log = logging.getLogger("openesm.delivery")


class Farewells:
    """Sends them.

    Args:
        opener: the channel to a URL, trusted as another one is, with these headers.
        language: of the reason, now.
    """

    def __init__(
        self,
        opener: Callable[[str, str, Iterable[tuple[str, str]]], Channel],
        language: Callable[[], Language],
    ) -> None:
        self._opener = opener
        self._language = language

    async def tell(self, ended: Destination, why: Ending, pauses: Iterable[float] = PAUSES) -> bool:
        """Whether the sink took it; one that asked for no such message is never told."""
        sink = ended.sink
        if sink is None or not sink.end_to:
            return False
        known = guard.same_origin(sink.end_to, ended.url)
        headers = http_headers(sink) if known else http_headers(sink)[:1]
        body = subscription_end(ended, why, self._language())
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                channel = self._opener(sink.end_to, ended.url if known else sink.end_to, headers)
                try:
                    response = await channel.post(body)
                finally:
                    channel.close()
            except Undelivered as failed:
                log.info("%s: the end of %s is not told: %s", sink.end_to, ended.name, failed.reason)
                continue
            if 200 <= response.status < 300:
                return True
            log.info("%s: the end of %s is not taken: %d", sink.end_to, ended.name, response.status)
        return False
