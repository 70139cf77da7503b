"""esmctl correlation explain: why an event was issued, or what each condition made of it."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from esmctl import agent, events
from esmctl.correlating import RECORD_HEADER, Surroundings, record_row, surroundings
from esmctl.failure import FailureError
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import moment
from indications.correlation.comparing import compared
from indications.correlation.definition import AttributeCondition, Condition
from indications.correlation.event import Event
from indications.correlation.matching import Belongs, check
from indications.correlation.reading import read
from indications.correlation.starting import conditions as acquired
from openesm.patterns import PlainPatterns
from openesm.text import say

HEADER = "event", "condition", "place", "comparison", "actual", "holds"

Row = tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.event-number"))


def run(args: argparse.Namespace) -> Table:
    socket, number = socket_path(args), args.number
    told = agent.ask(socket, "correlation-history", event=number)
    records = told["records"]
    definition = read(agent.ask(socket, "correlation-status")["definition"], "")
    conditions = {each.name: each for each in definition.conditions}
    found = events.of_agent(socket, number)
    if found is None and not records:
        raise FailureError.of("no-event", number=number)
    rows = [_decided(each) for each in records]
    around = surroundings(args)
    belongs = around.groups.belongs
    for record in records:
        if record.get("issued") == number:
            rows += _sources(socket, conditions, record, belongs)
    if found is not None and not any(each.get("issued") == number for each in records):
        rows += _kept_out(told["fate"], found, around)
        for condition in conditions.values():
            rows += _compared(condition, found, belongs)
    return Table(HEADER, tuple(rows))


def _kept_out(fate: Mapping[str, Any] | None, event: Event, around: Surroundings) -> Iterator[Row]:
    """What no condition has to do with: a pause, a start, the acquisition filter."""
    number = str(event.number)
    if fate is not None:
        at = f" ({moment(fate['at'])})" if "at" in fate else ""
        yield number, "-", fate["what"], say(f"esmctl.fate-{fate['what']}") + at, "-", "no"
    for wanted in acquired(around.options.acquire):
        holds = check(wanted, around.groups.belongs, PlainPatterns())(event.attributes)
        actual = event.attributes.get(wanted.attribute, "-")
        yield number, "-", say("esmctl.fate-filter"), _spelled(wanted), actual, "yes" if holds else "no"


def _decided(record: Mapping[str, Any]) -> Row:
    row = dict(zip(RECORD_HEADER, record_row(record), strict=True))
    return row["issued"], row["condition"], row["result"], row["cause"], row["sources"], ""


def _sources(
    socket: Path, conditions: Mapping[str, Condition], record: Mapping[str, Any], belongs: Belongs
) -> Iterator[Row]:
    """Why each of its events was taken, as the condition is now."""
    condition = conditions.get(record["condition"])
    for con, number, _ in record["sources"]:
        event = events.of_agent(socket, number)
        if condition is not None and event is not None:
            yield from _compared(condition, event, belongs, f"CON {con + 1}")


def _compared(
    condition: Condition, event: Event, belongs: Belongs, place: str | None = None
) -> Iterator[Row]:
    for each in compared(condition, event, belongs):
        if place is None or each.place == place:
            actual, holds = "-" if each.actual is None else each.actual, "yes" if each.holds else "no"
            yield str(event.number), condition.name, each.place, _spelled(each.comparison), actual, holds


def _spelled(wanted: AttributeCondition) -> str:
    return f"{wanted.attribute}{wanted.operator}{';'.join(wanted.values)}"
