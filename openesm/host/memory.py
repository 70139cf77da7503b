"""Memory and swap areas, from /proc/meminfo and /proc/swaps. Sizes in KiB."""

from collections.abc import Iterator
from dataclasses import dataclass

from openesm.host.mounts import unescape
from openesm.host.tree import number, printable, signed

_FIELDS = {
    b"MemTotal": "total",
    b"MemFree": "free",
    b"MemAvailable": "available",
    b"Buffers": "buffers",
    b"Cached": "cached",
    b"SwapTotal": "swap_total",
    b"SwapFree": "swap_free",
    b"CommitLimit": "commit_limit",
    b"Committed_AS": "committed",
}


@dataclass(frozen=True, slots=True)
class Memory:
    """The figures of /proc/meminfo that we use; None where the kernel does not tell."""

    total: int | None = None
    free: int | None = None
    available: int | None = None
    buffers: int | None = None
    cached: int | None = None
    swap_total: int | None = None
    swap_free: int | None = None
    commit_limit: int | None = None
    committed: int | None = None

    @property
    def used(self) -> int | None:
        """MemTotal - MemFree (CAU-20)."""
        return difference(self.total, self.free)

    @property
    def swap_used(self) -> int | None:
        """SwapTotal - SwapFree (CAU-20)."""
        return difference(self.swap_total, self.swap_free)

    @property
    def virtual_total(self) -> int | None:
        return total(self.total, self.swap_total)

    @property
    def virtual_used(self) -> int | None:
        """(MemTotal - MemFree) + (SwapTotal - SwapFree) (CAU-20)."""
        return total(self.used, self.swap_used)

    @property
    def virtual_free(self) -> int | None:
        return total(self.free, self.swap_free)


def difference(whole: int | None, part: int | None) -> int | None:
    """whole - part; None when one is unknown or the part is more than the whole."""
    return whole - part if whole is not None and part is not None and part <= whole else None


def total(one: int | None, other: int | None) -> int | None:
    return one + other if one is not None and other is not None else None


def percent(part: int | None, whole: int | None) -> int | None:
    """100·part/whole to the nearest whole number, 0 of an empty whole; None when one is unknown."""
    if part is None or whole is None:
        return None
    return (200 * part + whole) // (2 * whole) if whole else 0


def parse_meminfo(content: bytes | None) -> Memory:
    values: dict[str, int | None] = {}
    for line in (content or b"").splitlines():
        name, _, rest = line.partition(b":")
        if name in _FIELDS:
            words = rest.split(None, 1)
            values[_FIELDS[name]] = number(words[0].decode("ascii", "replace")) if words else None
    return Memory(**values)


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap area of /proc/swaps: `kind` is partition or file."""

    path: str
    kind: str
    size: int | None
    used: int | None
    priority: int | None


def parse_swaps(content: bytes | None) -> Iterator[Swap]:
    for line in (content or b"").split(b"\n")[1:]:
        words = line.decode("utf-8", "replace").split()
        if len(words) == 5:
            path, kind, size, used, priority = words
            yield Swap(
                path=printable(unescape(path.encode()).decode("utf-8", "replace")),
                kind=kind,
                size=number(size),
                used=number(used),
                priority=signed(priority, -(2**31), 2**31 - 1),
            )
