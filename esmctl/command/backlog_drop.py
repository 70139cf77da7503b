"""esmctl backlog drop: forgets what is kept for a manager that will not come back."""

import argparse
import sys

from esmctl import agent
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int, metavar="NUMBER", help=say("esmctl.argument-backlog"))


def run(args: argparse.Namespace) -> int:
    dropped = agent.ask(socket_path(args), "backlog-drop", number=args.number)
    sys.stdout.write(say("esmctl.backlog-dropped", count=dropped["count"]) + "\n")
    return 0
