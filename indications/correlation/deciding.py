"""What the engine decides, as values: a set began, was joined, succeeded or failed, or could not begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indications.correlation.event import Event
from indications.correlation.issuing import Issued, Match

Group = tuple[str, ...]  # values of SAME_ATTRIBUTE
MISSING = "\0"  # no attribute has this value
Key = tuple[str, int]  # name of the condition, SEQNO of the event that opened the set


class Held(NamedTuple):
    """A set in progress, as it is kept.

    Attributes:
        matches: in the order in which the events were acquired; the first one opened the set.
    """

    condition: str
    group: Group
    matches: tuple[Match, ...]

    @property
    def key(self) -> Key:
        return self.condition, self.matches[0][1].number


class Opened(NamedTuple):
    """A set began; it fails after `deadline`."""

    key: Key
    group: Group
    match: Match
    deadline: float


class Joined(NamedTuple):
    key: Key
    match: Match


class Succeeded(NamedTuple):
    """A condition was met; `was_open` where a set ends with it."""

    key: Key
    group: Group
    matches: tuple[Match, ...]
    was_open: bool
    event: Issued | None


class Failed(NamedTuple):
    """A set ran out of time.

    Attributes:
        missing: numbers of the event conditions that stayed open.
        deadline: when that was.
    """

    key: Key
    group: Group
    matches: tuple[Match, ...]
    missing: tuple[int, ...]
    deadline: float
    event: Issued | None


class Limited(NamedTuple):
    """No set could be opened for an event: too many of the condition, or of all (R-54).

    Attributes:
        begins: the first one since there was room.
    """

    condition: str
    event: Event
    begins: bool


class LimitEnded(NamedTuple):
    condition: str


class Ungrouped(NamedTuple):
    """An event was not offered, because it has not the attributes that its condition groups by (R-53)."""

    condition: str
    event: Event


Decision = Opened | Joined | Succeeded | Failed | Limited | LimitEnded | Ungrouped


def group_of(by: Sequence[str], event: Event) -> Group:
    """The values of an event that its condition groups by; MISSING where it has none."""
    return tuple([event.attributes.get(name, MISSING) for name in by])
