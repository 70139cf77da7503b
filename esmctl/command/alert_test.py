"""esmctl alert test: publishes a test alert and says when it was delivered where.

Exit codes: 0 everybody who asked for such alerts has it; 1 somebody has not, or nobody asked.
"""

import argparse

from esmctl import telling
from esmctl.output import Table
from esmctl.place import socket_path


def arguments(parser: argparse.ArgumentParser) -> None:
    telling.add_test_arguments(parser)


def run(args: argparse.Namespace) -> Table:
    return telling.test(socket_path(args), args.wait, severity=args.severity)
