"""esmctl correlation history: what was decided, and by which events."""

import argparse
from typing import Any

from esmctl import agent
from esmctl.correlating import RECORD_HEADER, record_row
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import since
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=since, default=0.0, metavar="TIME", help=say("esmctl.option-since"))
    parser.add_argument("--condition", metavar="NAME", help=say("esmctl.option-condition"))


def run(args: argparse.Namespace) -> Table:
    wanted: dict[str, Any] = {"since": args.since}
    if args.condition is not None:
        wanted["condition"] = args.condition
    records = agent.ask(socket_path(args), "correlation-history", **wanted)["records"]
    return Table(RECORD_HEADER, tuple(map(record_row, records)))
