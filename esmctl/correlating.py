"""What the commands about correlation share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from esmctl import agent
from esmctl.place import socket_path
from openesm.text import say


def nothing(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def order(command: str) -> Callable[[argparse.Namespace], int]:
    """Gives the agent an order, and shows what correlation does then."""

    def run(args: argparse.Namespace) -> int:
        socket = socket_path(args)
        agent.ask(socket, command)
        show(agent.ask(socket, "correlation-status")["state"])
        return 0

    return run


def show(state: str) -> None:
    sys.stdout.write(f"{say(f'esmctl.correlation-{state}')}\n")
