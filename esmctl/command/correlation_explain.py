"""esmctl correlation explain: why an event was issued, or what each condition made of it."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from esmctl import agent, events
from esmctl.correlating import RECORD_HEADER, record_row, surroundings
from esmctl.failure import FailureError
from esmctl.output import Table
from esmctl.place import socket_path
from indications.correlation.comparing import compared
from indications.correlation.definition import AttributeCondition, Condition
from indications.correlation.event import Event
from indications.correlation.matching import Belongs
from indications.correlation.reading import read
from openesm.text import say

HEADER = "event", "condition", "place", "comparison", "actual", "holds"

Row = tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.event-number"))


def run(args: argparse.Namespace) -> Table:
    socket, number = socket_path(args), args.number
    records = agent.ask(socket, "correlation-history", event=number)["records"]
    definition = read(agent.ask(socket, "correlation-status")["definition"], "")
    conditions = {each.name: each for each in definition.conditions}
    found = events.of_agent(socket, number)
    if found is None and not records:
        raise FailureError.of("no-event", number=number)
    rows = [_decided(each) for each in records]
    belongs = surroundings(args).groups.belongs
    for record in records:
        if record.get("issued") == number:
            rows += _sources(socket, conditions, record, belongs)
    if found is not None and not any(each.get("issued") == number for each in records):
        for condition in conditions.values():
            rows += _compared(condition, found, belongs)
    return Table(HEADER, tuple(rows))


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
