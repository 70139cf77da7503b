"""esmctl user remove: the user is gone, and with the reload every cached log-in."""

import argparse

from esmctl.accounts import add_name, edit
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    add_name(parser)


def run(args: argparse.Namespace) -> int:
    done = say("esmctl.user-removed", user=args.name)
    return edit(args, lambda users: users.remove(args.name), done)
