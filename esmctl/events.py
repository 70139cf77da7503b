"""Events for tools: of the running agent, or of a file with one JSON object a line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.output import visible
from esmctl.place import socket_path
from esmctl.telling import moment, since
from indications.correlation.event import Event, full_id
from openesm.text import say

TIME_DIGITS = 11


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=since, default=0.0, metavar="TIME", help=say("esmctl.option-since"))
    parser.add_argument("--events", type=Path, metavar="FILE", help=say("esmctl.option-events"))


def events(args: argparse.Namespace) -> Iterator[Event]:
    """The events that the command line names, in the order of their numbers.

    Raises:
        FailureError: the file cannot be read, or a line of it is no event.
    """
    for row in rows(args):
        yield of_told(row)


def rows(args: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    """The same as they are told: those of the agent have `at`, seconds since the epoch."""
    if args.events is not None:
        yield from of_file(args.events)
        return
    socket, after = socket_path(args), 0
    while found := agent.ask(socket, "event-list", after=after, since=args.since)["events"]:
        yield from found
        after = found[-1]["number"]


def of_agent(socket: Path, number: int) -> Event | None:
    """One event of the running agent; None where it has none of that number."""
    rows = agent.ask(socket, "event-list", after=max(0, number - 1), limit=1)["events"]
    return of_told(rows[0]) if rows and rows[0]["number"] == number else None


def of_file(path: Path) -> Iterator[Mapping[str, Any]]:
    """`{"number": 1, "arrived": 0.5, "attributes": {"E.SEVERITY": "Error"}}`, numbers rising."""
    last = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    event = of_told(row)
                except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as wrong:
                    raise FailureError.of("bad-event", file=path, line=number, reason=wrong) from wrong
                if event.number <= last:
                    reason = f"number {event.number}"
                    raise FailureError.of("bad-event", file=path, line=number, reason=reason)
                last = event.number
                yield row
    except (OSError, UnicodeDecodeError) as failed:
        raise FailureError.of("file-failed", path=path, reason=failed) from failed


def line(row: Mapping[str, Any]) -> str:
    """An event on a line of a terminal, in columns."""
    event = of_told(row)
    told = [event.attributes.get(name, "-") for name in ("E.SEVERITY", "B.SOURCESERVER", "B.MESSAGE")]
    rest = [f"{name}={value}" for name, value in event.attributes.items() if name not in _IN_COLUMNS]
    columns = f"{event.number:>8}", f"{shown_time(row):19}", f"{told[0]:11}", f"{told[1]:15}", told[2]
    return visible("  ".join([*columns, *rest]))


_IN_COLUMNS = frozenset(
    {"E.SEVERITY", "B.SOURCESERVER", "B.MESSAGE", "B.TIME", "B.SEQNO", "B.ID", "B.DESTSERVER"}
)


def shown_time(row: Mapping[str, Any]) -> str:
    """When it arrived; of a file, when it happened as it says itself."""
    at = row.get("at", told_time(of_told(row)))
    return moment(at) if isinstance(at, int | float) and 0 <= at < 10**TIME_DIGITS else "-"


def told_time(event: Event) -> int | None:
    """When it happened, seconds since the epoch, as it says itself; None where it says no time."""
    told = event.attributes.get("B.TIME", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < TIME_DIGITS else None


def of_told(row: Any) -> Event:
    """An event as the agent or a file tells it.

    Raises:
        ValueError, TypeError, KeyError, OverflowError: it is none.
    """
    number, arrived, attributes = row["number"], row["arrived"], row["attributes"]
    if not isinstance(number, int) or not isinstance(arrived, int | float):
        raise TypeError("number, arrived")
    if not isinstance(attributes, Mapping):
        raise TypeError("attributes")
    if not all(isinstance(each, str) for pair in attributes.items() for each in pair):
        raise TypeError("attributes")
    known = {**attributes, "B.ID": full_id(attributes["B.ID"])} if "B.ID" in attributes else attributes
    return Event(number, float(arrived), known, tuple(row.get("chain", ())))
