"""How many guesses a password may see: token buckets per user, per source and for a back-end in all.

Nobody is ever locked out for good: a bucket only delays. A correct credential that is already cached never
asks here (authentication.md 3 in our specification; SEC-05).
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Buckets:
    """Token buckets by key, at most `size` of them: the least used is forgotten first."""

    def __init__(self, per_second: float, burst: float, size: int = 4096) -> None:
        self._per_second = per_second
        self._burst = burst
        self._size = size
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def has_token(self, key: str, now: float) -> bool:
        return self._filled(key, now).tokens >= 1

    def take(self, key: str, now: float) -> None:
        self._filled(key, now).tokens -= 1

    def give_back(self, key: str, now: float) -> None:
        bucket = self._filled(key, now)
        bucket.tokens = min(self._burst, bucket.tokens + 1)

    def _filled(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            if len(self._buckets) > self._size:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
            bucket.filled_at = now
        return bucket


class Limiter:
    """Decides whether a credential may be checked now; a check that succeeds costs nothing."""

    def __init__(self) -> None:
        self._users = Buckets(per_second=5 / 60, burst=10)
        self._sources = Buckets(per_second=5 / 60, burst=10)
        self._backend = Buckets(per_second=5, burst=5)

    def admit(self, user: str, address: str, now: float) -> bool:
        """Takes a token of each bucket that applies; False (and nothing taken) when one is empty."""
        keys = self._keys(user, address)
        if not all(buckets.has_token(key, now) for buckets, key in keys):
            return False
        for buckets, key in keys:
            buckets.take(key, now)
        return True

    def succeeded(self, user: str, address: str, now: float) -> None:
        """The admitted credential was right: it does not count as a guess."""
        for buckets, key in self._keys(user, address):
            buckets.give_back(key, now)

    def _keys(self, user: str, address: str) -> list[tuple[Buckets, str]]:
        source = source_network(address)
        keys = [(self._users, user), (self._backend, "")]
        return [*keys, (self._sources, source)] if source else keys


def source_network(address: str) -> str:
    """What counts as one source: an IPv4 address, an IPv6 /64; "" for loopback, which is exempt."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        elif not parsed.is_loopback:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
    return "" if parsed.is_loopback else str(parsed)
