"""esmctl event related: the source events of a correlation event; those of other business groups marked."""

import argparse
from collections.abc import Iterator

from esmctl import agent, events
from esmctl.failure import FailureError
from esmctl.output import Table
from esmctl.place import socket_path
from openesm.text import say

HEADER = "number", "place", "severity", "host", "message", "foreign_group"
_SHOWN = "E.SEVERITY", "E.JP1_SOURCEHOST", "B.MESSAGE"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.event-number"))


def run(args: argparse.Namespace) -> Table:
    socket = socket_path(args)
    told = agent.ask(socket, "correlation-history", event=args.number)
    issued = [each for each in told["records"] if each.get("issued") == args.number]
    if not issued:
        raise FailureError.of("no-correlation-event", number=args.number)

    def rows() -> Iterator[tuple[str, ...]]:
        for con, number, _ in issued[0]["sources"]:
            event = events.of_agent(socket, number)
            shown = ["-" if event is None else event.attributes.get(name, "-") for name in _SHOWN]
            yield str(number), f"CON {con + 1}", *shown, str(number in told["foreign_group"]).lower()

    return Table(HEADER, tuple(rows()))
