"""esmctl subscription test: a test alert, and whether it reached the listener of one subscription.

Everybody else who asked for such alerts gets it too. Exit codes as of `esmctl alert test`.
"""

import argparse

from esmctl import telling
from esmctl.output import Table
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("filter", metavar="FILTER", help=say("esmctl.argument-filter"))
    parser.add_argument("destination", metavar="DESTINATION", help=say("esmctl.argument-destination"))
    telling.add_test_arguments(parser)


def run(args: argparse.Namespace) -> Table:
    names = {"filter": args.filter, "destination": args.destination}
    return telling.test(socket_path(args), args.wait, severity=args.severity, **names)
