"""esmctl correlation backfill: past events for new conditions, and what they would have decided."""

import argparse

from esmctl import agent
from esmctl.correlating import RECORD_HEADER, record_row
from esmctl.output import Table
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("hours", type=int, metavar="HOURS", help=say("esmctl.backfill-hours"))
    parser.add_argument("--condition", metavar="NAME", help=say("esmctl.option-condition"))


def run(args: argparse.Namespace) -> Table:
    wanted = (
        {"hours": args.hours}
        if args.condition is None
        else {
            "hours": args.hours,
            "condition": args.condition,
        }
    )
    records = agent.ask(socket_path(args), "correlation-backfill", **wanted)["records"]
    return Table(RECORD_HEADER, tuple(map(record_row, records)))
