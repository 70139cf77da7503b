"""esmctl correlation dry-run: what a definition would have issued for past events, and why.

Nothing is issued.
"""

import argparse
from collections.abc import Iterator

from esmctl import definitions, events
from esmctl.correlating import Surroundings, surroundings
from esmctl.output import Table
from esmctl.telling import moment
from indications.correlation.deciding import Decision, Failed, Limited, Succeeded, Ungrouped
from indications.correlation.definition import Condition, Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.issuing import Issued, Match
from indications.correlation.matching import admitting
from indications.correlation.starting import OnMissing
from indications.correlation.starting import conditions as acquired
from openesm.patterns import PlainPatterns
from openesm.text import say

HEADER = "condition", "result", "at", "sources", "cause", "issues"
_SHOWN = ("E.SEVERITY", "E.JP1_SOURCEHOST", "B.MESSAGE")

Row = tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    definitions.arguments(parser)
    events.arguments(parser)


def run(args: argparse.Namespace) -> Table:
    definition = definitions.definition(args.file)
    return Table(HEADER, tuple(rows(definition, events.events(args), surroundings(args))))


def rows(definition: Definition, stream: Iterator[Event], around: Surroundings) -> Iterator[Row]:
    """By the engine that decides live; what is undecided at the end of the stream is told as open."""
    options = around.options
    groups_missing = options.missing_attribute is OnMissing.GROUP
    engine = Engine(definition, around.groups.belongs, groups_missing=groups_missing)
    admits = admitting(acquired(options.acquire), around.groups.belongs, PlainPatterns())
    conditions = {condition.name: condition for condition in definition.conditions}
    for event in stream:
        if not admits(event.attributes):
            continue
        for decision in engine.step(event):
            yield from _row(conditions, decision)
    for held in engine.sets():
        first = held.matches[0][1]
        yield held.condition, "open", _when(first), _numbers(held.matches), say("esmctl.correlation-open"), ""


def _row(conditions: dict[str, Condition], decision: Decision) -> Iterator[Row]:
    match decision:
        case Succeeded(key=(name, _), matches=matches, event=issued):
            cause = ", ".join(f"CON {con + 1}: {event.number}" for con, event in matches)
            yield name, "success", _when(matches[-1][1]), _numbers(matches), cause, _issued(issued)
        case Failed(key=(name, _), matches=matches, event=issued):
            condition = conditions[name]
            at = _when(matches[0][1], condition.timeout_s)
            yield name, "fail", at, _numbers(matches), _unmet(condition, decision), _issued(issued)
        case Limited(condition=name, event=event):
            yield name, "limited", _when(event), str(event.number), say("esmctl.correlation-limited"), ""
        case Ungrouped(condition=name, event=event):
            yield name, "ungrouped", _when(event), str(event.number), say("esmctl.correlation-ungrouped"), ""


def _unmet(condition: Condition, decision: Failed) -> str:
    if decision.missing:
        missing = ", ".join(str(con + 1) for con in decision.missing)
        return say("esmctl.correlation-missing", cons=missing, seconds=condition.timeout_s)
    wanted, found = condition.threshold, len(decision.matches)
    return say("esmctl.correlation-too-few", found=found, wanted=wanted, seconds=condition.timeout_s)


def _issued(event: Issued | None) -> str:
    if event is None:
        return "-"
    return " ".join(f"{name}={event.attributes[name]}" for name in _SHOWN if name in event.attributes)


def _numbers(matches: tuple[Match, ...]) -> str:
    return " ".join(str(event.number) for _, event in matches)


def _when(event: Event, later_s: float = 0.0) -> str:
    """When an event happened, where it says so; else its arrival, as it is."""
    at = events.told_time(event)
    return f"{event.arrived + later_s:g}" if at is None else moment(at + later_s)
