"""Correlation as its rules say it, naively: everything is looked at each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from indications.correlation.definition import (
    AttributeCondition,
    Condition,
    Definition,
    EventCondition,
    Kind,
    Operator,
)
from indications.correlation.event import Event

Told = tuple[str, str, tuple[int, ...]]  # what, condition, numbers of the source events


def holds(wanted: AttributeCondition, event: Event) -> bool:
    found = event.attributes.get(wanted.attribute)
    negative = wanted.operator in (Operator.DIFFERENT, Operator.LACKS)
    if found is None:
        return negative
    tests = {
        Operator.EQUAL: found.__eq__,
        Operator.DIFFERENT: found.__eq__,
        Operator.BEGINS: found.startswith,
        Operator.CONTAINS: found.__contains__,
        Operator.LACKS: found.__contains__,
    }
    one = any(tests[wanted.operator](value) for value in wanted.values)
    return not one if negative else one


def matches(wanted: EventCondition, event: Event) -> bool:
    return all(holds(each, event) for each in wanted.conditions)


@dataclass
class Open:
    condition: Condition
    group: tuple[str, ...]
    started: float
    filled: list[tuple[int, Event]] = field(default_factory=list)

    def fits(self, cons: list[int]) -> int | None:
        """The place that an event with these matches takes."""
        if self.condition.kind is Kind.THRESHOLD:
            return cons[0] if cons else None
        if self.condition.kind is Kind.SEQUENCE:
            return len(self.filled) if len(self.filled) in cons else None
        left = [con for con in cons if con not in [taken for taken, _ in self.filled]]
        return left[0] if left else None

    @property
    def is_met(self) -> bool:
        wanted = self.condition.threshold or len(self.condition.cons)
        return len(self.filled) == wanted

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(event.number for _, event in self.filled)


class Model:
    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.open: list[Open] = []
        self.told: list[Told] = []

    def run(self, events: Sequence[Event], until: float) -> list[Told]:
        for event in events:
            self.expire(event.arrived)
            for condition in self.definition.conditions:
                self.offer(condition, event)
        self.expire(until)
        return self.told

    def expire(self, now: float) -> None:
        late = [each for each in self.open if now - each.started > each.condition.timeout_s]
        for each in late:
            self.open.remove(each)
            self.told.append(("fail", each.condition.name, each.numbers))

    def offer(self, condition: Condition, event: Event) -> None:
        if not all(holds(each, event) for each in condition.target):
            return
        if any(matches(each, event) for each in condition.excluded):
            return
        group = tuple(event.attributes[name] for name in condition.same_attribute if name in event.attributes)
        if len(group) < len(condition.same_attribute):
            return
        cons = [number for number, con in enumerate(condition.cons) if matches(con, event)]
        own = [each for each in self.open if each.condition is condition]
        for each in own:
            place = each.fits(cons) if each.group == group else None
            if place is not None:
                each.filled.append((place, event))
                self.settle(each)
                return
        new = Open(condition, group, event.arrived)
        place = new.fits(cons)
        if place is None:
            return
        new.filled.append((place, event))
        if new.is_met:
            self.told.append(("success", condition.name, new.numbers))
        elif len(own) < condition.most_sets:
            self.open.append(new)

    def settle(self, each: Open) -> None:
        if each.is_met:
            self.open.remove(each)
            self.told.append(("success", each.condition.name, each.numbers))
