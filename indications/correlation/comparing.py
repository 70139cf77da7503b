"""Why an event was taken by a condition, or not: each comparison with the value that it met (R-93)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from indications.correlation.definition import AttributeCondition, Condition
from indications.correlation.event import Event
from indications.correlation.matching import Belongs, check, nobody_belongs
from openesm.patterns import Patterns, PlainPatterns


class Compared(NamedTuple):
    """One comparison.

    Attributes:
        place: `TARGET`, `NOT n` or `CON n`; n counts from 1 in the order of the file.
        actual: what the event has; None where it lacks the attribute.
        holds: whether the comparison is true.
    """

    place: str
    comparison: AttributeCondition
    actual: str | None
    holds: bool


def compared(
    condition: Condition,
    event: Event,
    belongs: Belongs = nobody_belongs,
    patterns: Patterns | None = None,
) -> Iterator[Compared]:
    """All comparisons of a condition with an event, in the order in which they decide."""
    patterns = patterns or PlainPatterns()
    places = [("TARGET", condition.target)]
    places += [(f"NOT {number}", each.conditions) for number, each in enumerate(condition.excluded, 1)]
    places += [(f"CON {number}", each.conditions) for number, each in enumerate(condition.cons, 1)]
    for place, comparisons in places:
        for each in comparisons:
            holds = check(each, belongs, patterns)(event.attributes)
            yield Compared(place, each, event.attributes.get(each.attribute), holds)
