"""One definition in several partitions, each with the sets of its own conditions and groups.

This is what a distributed engine needs: a router without state, which says which partitions an event is for,
and parts that are given their events in batches, in the order of their numbers. A set is of one part whatever
comes, so that the outputs of all parts together are those of one engine; only the limit of all sets is a
part's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from zlib import crc32

from indications.correlation.deciding import Decision, Group, group_of
from indications.correlation.definition import Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.limits import ALL_SETS_MOST
from indications.correlation.matching import Belongs, Matcher, nobody_belongs
from openesm.patterns import Patterns


def partition_of(condition: str, group: Group, count: int) -> int:
    """Which of `count` partitions has the sets of a condition and a group; the same on every machine."""
    return crc32(json.dumps([condition, *group]).encode()) % count


class Router:
    """Says which partitions an event is for."""

    def __init__(
        self,
        definition: Definition,
        count: int,
        belongs: Belongs = nobody_belongs,
        patterns: Patterns | None = None,
    ) -> None:
        self._conditions = definition.conditions
        self._matcher = Matcher(definition.conditions, belongs, patterns)
        self._count = count

    def route(self, event: Event) -> set[int]:
        """Their numbers; none where no condition matches."""
        return {
            partition_of(condition.name, group_of(condition.same_attribute, event), self._count)
            for number, _ in self._matcher.match(event)
            for condition in (self._conditions[number],)
        }


class Part:
    """One of the partitions; `number` counts from 0."""

    def __init__(
        self, definition: Definition, number: int, count: int, belongs: Belongs = nobody_belongs
    ) -> None:
        self.engine = Engine(
            definition,
            belongs,
            is_mine=lambda condition, group: partition_of(condition, group, count) == number,
            most=-(-ALL_SETS_MOST // count),
        )

    def run(self, events: Iterable[Event], until: float) -> Sequence[Decision]:
        """A batch, and the time that has come: what arrives later is later than `until`, or as late."""
        decisions: list[Decision] = []
        for event in events:
            decisions += self.engine.step(event)
        return decisions + self.engine.expire(until)
