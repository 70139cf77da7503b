"""The engine gives what the model gives: restarted anywhere, in any number of partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from indications.correlation.deciding import Decision, Failed, Group, Held, Succeeded
from indications.correlation.definition import (
    AttributeCondition,
    Condition,
    Definition,
    EventCondition,
    Kind,
    Operator,
)
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.partitions import Part, Router
from tests.indications.correlation.model import Model, Told

NAMES = ("E.A", "E.B")
VALUES = st.sampled_from(["x", "y", "xy"])
OTHERS = [Operator.DIFFERENT, Operator.BEGINS, Operator.CONTAINS, Operator.LACKS]
OPERATORS = st.sampled_from([*[Operator.EQUAL] * 6, *OTHERS])


@st.composite
def attribute_conditions(draw: st.DrawFn) -> AttributeCondition:
    values = draw(st.sampled_from([("x",), ("y",), ("xy",), ("x", "y")]))
    return AttributeCondition(draw(st.sampled_from(NAMES)), draw(OPERATORS), values)


def event_conditions() -> st.SearchStrategy[EventCondition]:
    return st.lists(attribute_conditions(), min_size=1, max_size=2).map(
        lambda each: EventCondition(tuple(each))
    )


@st.composite
def plain_conditions(draw: st.DrawFn, name: str) -> Condition:
    """Two or three distinct values, long open: several sets at once."""
    values = draw(st.permutations(["x", "y", "xy"]))[: draw(st.integers(2, 3))]
    cons = (EventCondition((AttributeCondition("E.A", Operator.EQUAL, (each,)),)) for each in values)
    kind = draw(st.sampled_from([Kind.SEQUENCE, Kind.COMBINATION]))
    return Condition(name, tuple(cons), timeout_s=20, kind=kind, most_sets=1024)


@st.composite
def any_conditions(draw: st.DrawFn, name: str) -> Condition:
    kind = draw(st.sampled_from(Kind))
    return Condition(
        name,
        tuple(draw(st.lists(event_conditions(), min_size=1, max_size=3))),
        target=draw(st.one_of(st.just(()), st.just(()), attribute_conditions().map(lambda each: (each,)))),
        excluded=draw(st.one_of(st.just(()), st.just(()), event_conditions().map(lambda each: (each,)))),
        timeout_s=draw(st.sampled_from([1, 3, 5, 20])),
        kind=kind,
        threshold=draw(st.integers(1, 4)) if kind is Kind.THRESHOLD else 0,
        same_attribute=draw(st.sampled_from([(), (), ("E.A",), ("E.A", "E.B")])),
        most_sets=draw(st.sampled_from([1, 2, 1024, 1024])),
    )


def conditions(name: str) -> st.SearchStrategy[Condition]:
    return st.one_of(plain_conditions(name), any_conditions(name))


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    count = draw(st.integers(1, 4))
    return Definition(2, tuple(draw(conditions(f"c{number}")) for number in range(count)))


ATTRIBUTES = st.one_of(
    *[st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))] * 4,
    st.dictionaries(st.sampled_from(NAMES), VALUES),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Events with ties and gaps in their times, and with attributes missing."""
    steps = draw(st.lists(st.sampled_from([0, 0, 0.5, 1, 1, 3]), min_size=5, max_size=40))
    found, now = [], 100.0
    for number, step in enumerate(steps, 1):
        now += step
        attributes = draw(ATTRIBUTES)
        found.append(Event(number * 3, now, attributes))
    return found


def told(decisions: Sequence[Decision]) -> list[Told]:
    found: list[Told] = []
    for each in decisions:
        if isinstance(each, Succeeded | Failed):
            what = "success" if isinstance(each, Succeeded) else "fail"
            found.append((what, each.key[0], tuple(event.number for _, event in each.matches)))
    return found


def by_engine(definition: Definition, events: Sequence[Event], until: float) -> list[Told]:
    engine, found = Engine(definition), list[Told]()
    for event in events:
        found += told(engine.step(event))
    return found + told(engine.expire(until))


def in_parts(found: Sequence[Told]) -> dict[str, list[Told]]:
    """By condition: between conditions the order of failures is free."""
    return {name: [each for each in found if each[1] == name] for name in {each[1] for each in found}}


@given(definitions(), streams(), st.sampled_from([0.0, 5.0, 1000.0]))
def test_one_engine(definition: Definition, events: list[Event], later: float) -> None:
    until = events[-1].arrived + later
    assert in_parts(by_engine(definition, events, until)) == in_parts(Model(definition).run(events, until))


@given(definitions(), streams(), st.data())
def test_restarts_anywhere(definition: Definition, events: list[Event], data: st.DataObject) -> None:
    """What is held is taken out and put into another engine, between any two events."""
    until = events[-1].arrived + 1000
    cuts = data.draw(st.sets(st.integers(0, len(events))))
    engine, found = Engine(definition), list[Told]()
    for number, event in enumerate(events):
        if number in cuts:
            held: list[Held] = list(engine.sets())
            engine = Engine(definition)
            engine.resume(held)
        found += told(engine.step(event))
    found += told(engine.expire(until))
    assert in_parts(found) == in_parts(by_engine(definition, events, until))


@given(definitions(), streams(), st.sampled_from([1, 2, 7]), st.data())
def test_partitions(definition: Definition, events: list[Event], count: int, data: st.DataObject) -> None:
    """In batches of any size; a part is given only what the router has for it."""
    roomy = Definition(2, tuple(_roomy(condition) for condition in definition.conditions))
    until, found, rest = events[-1].arrived + 1000, list[Told](), events
    router, parts = Router(roomy, count), [Part(roomy, number, count) for number in range(count)]
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        for number, part in enumerate(parts):
            mine = [event for event in batch if number in router.route(event)]
            found += told(part.run(mine, until if not rest else batch[-1].arrived))
    assert sorted(found) == sorted(by_engine(roomy, events, until))


def _roomy(condition: Condition) -> Condition:
    return replace(condition, most_sets=1024)


@given(definitions(), streams(), st.data())
def test_batches_and_idle_clocks(definition: Definition, events: list[Event], data: st.DataObject) -> None:
    """Between two events the clock may be asked, as late as the next event is."""
    until = events[-1].arrived + 1000
    engine, found = Engine(definition), list[Told]()
    for event in events:
        if data.draw(st.booleans()):
            found += told(engine.expire(event.arrived))
        found += told(engine.step(event))
    found += told(engine.expire(until))
    assert in_parts(found) == in_parts(by_engine(definition, events, until))


def test_groups_are_what_they_say() -> None:
    group: Group = ("x",)
    assert Held("c", group, ((0, Event(3, 1.0, {})),)).key == ("c", 3)
