"""Names to addresses, off the event loop and within a time limit; what was good last helps out (F14).

The system's resolver can hang for as long as it likes: each look-up has a daemon thread of its own, of which
there is one a name and few in all, and a stuck one is left alone, never waited for.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from indications.delivery import Undelivered
from indications.delivery.guard import Address
from openesm.text import Message

RESOLVE_S = 5.0
FRESH_S = 30.0
NAMES = 1024
THREADS = 32

Lookup = Callable[[str], Sequence[Address]]


def system_lookup(host: str) -> list[Address]:
    """The addresses of a host name, in the order of preference of the system; OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0])) for entry in found]


@dataclass(frozen=True, slots=True)
class _Known:
    addresses: tuple[Address, ...]
    until: float  # monotonic


class Resolver:
    """One for all destinations; belongs to one event loop."""

    def __init__(self, lookup: Lookup = system_lookup, resolve_s: float = RESOLVE_S) -> None:
        self._lookup = lookup
        self._resolve_s = resolve_s
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._flights: dict[str, asyncio.Future[tuple[Address, ...]]] = {}

    async def addresses(self, host: str) -> tuple[Address, ...]:
        """The addresses of a name or of an address in digits.

        Raises:
            Undelivered: not to be had in time, and none known from before.
        """
        with suppress(ValueError):
            return (ip_address(host),)
        known = self._known.get(host)
        if known is not None and known.until > time.monotonic():
            return known.addresses
        flight = self._flights.get(host) or self._start(host)
        if flight is None:
            reason = Message.of("delivery.resolve-late", host=host, seconds=self._resolve_s)
        else:
            try:
                return await asyncio.wait_for(asyncio.shield(flight), self._resolve_s)
            except TimeoutError:
                reason = Message.of("delivery.resolve-late", host=host, seconds=self._resolve_s)
            except (OSError, UnicodeError, ValueError) as failed:
                why = getattr(failed, "strerror", None) or str(failed)
                reason = Message.of("delivery.unknown-host", host=host, reason=why)
        if known is not None:
            return known.addresses
        raise Undelivered(reason, retry=True)

    def _start(self, host: str) -> asyncio.Future[tuple[Address, ...]] | None:
        """Looks a name up in a thread; None when too many are stuck already."""
        if len(self._flights) >= THREADS:
            return None
        loop = asyncio.get_running_loop()
        flight = self._flights[host] = loop.create_future()

        def land(addresses: tuple[Address, ...], failed: Exception | None) -> None:
            del self._flights[host]
            if failed is None:
                self._remember(host, addresses)
                flight.set_result(addresses)
            else:
                flight.set_exception(failed)
                flight.exception()  # nobody may be waiting any more

        def look_up() -> None:
            addresses: tuple[Address, ...] = ()
            failed: Exception | None = None
            try:
                addresses = tuple(self._lookup(host))
            except (OSError, UnicodeError, ValueError) as wrong:
                failed = wrong
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(land, addresses, failed)

        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return flight

    def _remember(self, host: str, addresses: tuple[Address, ...]) -> None:
        if addresses:
            self._known[host] = _Known(addresses, time.monotonic() + FRESH_S)
            self._known.move_to_end(host)
            if len(self._known) > NAMES:
                self._known.popitem(last=False)
