"""esmctl correlation timeline: the events of a set on a line of time, as text or as a picture."""

import argparse
from dataclasses import asdict
from pathlib import Path

from esmctl import agent, events, timeline
from esmctl.failure import FailureError
from esmctl.output import Statement
from esmctl.place import socket_path
from openesm import atomic
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.event-number"))
    parser.add_argument("--svg", type=Path, metavar="FILE", help=say("esmctl.option-svg"))


def run(args: argparse.Namespace) -> Statement:
    socket = socket_path(args)
    records = agent.ask(socket, "correlation-history", event=args.number)["records"]
    drawn = []
    for record in records:
        numbers = [number for _, number, _ in record["sources"]]
        found = {number: events.of_agent(socket, number) for number in numbers}
        if numbers:
            drawn.append(timeline.of_record(record, found))
    if not drawn:
        raise FailureError.of("no-timeline", number=args.number)
    if args.svg is not None:
        atomic.write(args.svg, timeline.svg(drawn).encode(), mode=0o644)
    lines = (
        [say("esmctl.timeline-written", file=args.svg)]
        if args.svg
        else "\n".join(timeline.text(each) for each in drawn).splitlines()
    )
    return Statement(lines, {"timelines": [asdict(each) for each in drawn]})
