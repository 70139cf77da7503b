"""esmctl subscription remove: somebody is told no more; filter and destination stay."""

import argparse
import sys

from esmctl import agent
from esmctl.output import visible
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("filter", metavar="FILTER", help=say("esmctl.argument-filter"))
    parser.add_argument("destination", metavar="DESTINATION", help=say("esmctl.argument-destination"))


def run(args: argparse.Namespace) -> int:
    names = {"filter": args.filter, "destination": args.destination}
    removed = agent.ask(socket_path(args), "subscription-remove", **names)
    done = say("esmctl.subscription-removed", filter=removed["filter"], url=removed["url"])
    sys.stdout.write(f"{visible(done)}\n")
    return 0
