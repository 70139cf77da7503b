"""Each comparison with the value that it met: together they say what the matcher says."""

from __future__ import annotations

from hypothesis import given

from indications.correlation.comparing import compared
from indications.correlation.definition import Condition, Definition
from indications.correlation.event import Event
from indications.correlation.matching import Matcher
from indications.correlation.reading import read
from tests.indications.correlation.test_model import definitions, streams

TEXT = """VERSION=2
[x]
TARGET=E.A==1
CON=NOT,E.B==9
CON=E.C==3,E.D!=4
SUCCESS_EVENT=E.SEVERITY:Alert
"""


def test_each_is_told_with_its_place() -> None:
    (condition,) = read(TEXT, "x").conditions
    found = list(compared(condition, Event(1, 0.0, {"E.A": "1", "E.B": "9", "E.D": "5"})))
    assert [(each.place, each.actual, each.holds) for each in found] == [
        ("TARGET", "1", True),
        ("NOT 1", "9", True),
        ("CON 1", None, False),
        ("CON 1", "5", True),
    ]


def taken(condition: Condition, event: Event) -> int:
    """The event conditions that match, as bits, by the comparisons alone."""
    places: dict[str, list[bool]] = {}
    for each in compared(condition, event):
        places.setdefault(each.place, []).append(each.holds)
    if not all(places.get("TARGET", ())):
        return 0
    if any(all(holds) for place, holds in places.items() if place.startswith("NOT")):
        return 0
    return sum(1 << number for number in range(len(condition.cons)) if all(places[f"CON {number + 1}"]))


@given(definitions(), streams())
def test_they_agree_with_the_matcher(definition: Definition, events: list[Event]) -> None:
    matcher = Matcher(definition.conditions)
    for event in events:
        by_hand = {
            number: bits
            for number, condition in enumerate(definition.conditions)
            if (bits := taken(condition, event))
        }
        assert by_hand == dict(matcher.match(event))
