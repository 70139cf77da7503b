"""esmctl correlation timeline: the events of a set on a line of time, as text or as a picture."""

import argparse
import sys
from pathlib import Path

from esmctl import agent, events, timeline
from esmctl.failure import FailureError
from esmctl.place import socket_path
from openesm import atomic
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.event-number"))
    parser.add_argument("--svg", type=Path, metavar="FILE", help=say("esmctl.option-svg"))


def run(args: argparse.Namespace) -> int:
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
    if args.svg is None:
        sys.stdout.write("\n".join(timeline.text(each) for each in drawn))
    else:
        atomic.write(args.svg, timeline.svg(drawn).encode(), mode=0o644)
    return 0
