"""The judge of the fault tests: what senders queued against what listeners got (lost, twice, out of order).

A destination's queue is its part of the sender's history, in order. An arrival belongs to what was sent to
the same destination with the same UUID; context and number must then be the ones it was sent with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """An indication as it was queued for a destination, or as it arrived there."""

    destination: str
    context: str
    number: int
    uuid: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What went wrong.

    Attributes:
        lost: queued, never arrived.
        duplicated: arrived again with the same sequence, so that the receiver can tell (F13); legal.
        renumbered: arrived again with another sequence than before; the receiver cannot tell.
        reordered: arrived for the first time after something that was queued later.
        phantom: was never queued like this.
    """

    lost: tuple[Told, ...] = ()
    duplicated: tuple[Told, ...] = ()
    renumbered: tuple[Told, ...] = ()
    reordered: tuple[Told, ...] = ()
    phantom: tuple[Told, ...] = ()

    @property
    def is_good(self) -> bool:
        """Nothing but duplicates that a receiver can drop."""
        return not (self.lost or self.renumbered or self.reordered or self.phantom)


def check(sent: Iterable[Told], seen: Iterable[Told]) -> Verdict:
    """Compares a sender's history with the arrivals at all its listeners, both in order."""
    queued = list(dict.fromkeys(sent))
    places = {told: place for place, told in enumerate(queued)}
    first_seen: dict[tuple[str, str], Told] = {}
    latest: dict[str, int] = {}
    duplicated: list[Told] = []
    renumbered: list[Told] = []
    reordered: list[Told] = []
    phantom: list[Told] = []
    for told in seen:
        before = first_seen.get((told.destination, told.uuid))
        if before is not None:
            (duplicated if before == told else renumbered).append(told)
        elif told not in places:
            phantom.append(told)
        else:
            first_seen[told.destination, told.uuid] = told
            if places[told] < latest.get(told.destination, -1):
                reordered.append(told)
            latest[told.destination] = max(places[told], latest.get(told.destination, -1))
    lost = [told for told in queued if (told.destination, told.uuid) not in first_seen]
    return Verdict(tuple(lost), tuple(duplicated), tuple(renumbered), tuple(reordered), tuple(phantom))
