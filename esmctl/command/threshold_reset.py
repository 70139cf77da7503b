"""esmctl threshold reset: the shipped settings of an element again."""

import argparse

from esmctl import agent
from esmctl.command.threshold_get import table
from esmctl.output import Table
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("element", metavar="ELEMENT", help=say("esmctl.argument-element"))


def run(args: argparse.Namespace) -> Table:
    return table(agent.ask(socket_path(args), "threshold-reset", element=args.element))
