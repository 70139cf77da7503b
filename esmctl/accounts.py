"""What the user commands share: their arguments, and the change of the file followed by a reload."""

import argparse
import sys
from collections.abc import Callable

from esmctl.place import reload_agent, settings_of
from esmd.auth.users import Role, Users, change, namespaces
from openesm.text import say


def add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=say("esmctl.argument-user"))


def add_namespaces(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--namespaces", type=namespaces, metavar="A,B", help=say("esmctl.option-namespaces"))


def role(text: str) -> Role:
    """The role of a command-line argument; ValueError shows as a wrong command line."""
    return Role.parse(text)


def edit(args: argparse.Namespace, change_of: Callable[[Users], Users], done: str) -> int:
    """Changes the users file under its lock, says so, and has the agent read it."""
    change(settings_of(args).auth.users_file, change_of)
    sys.stdout.write(f"{done}\n{reload_agent(args)}\n")
    return 0
