"""esmctl reload: the running agent reads its configuration, users and certificate again."""

import argparse
import json
import sys

from esmctl import agent
from esmctl.place import socket_path
from openesm.text import say


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> int:
    result = agent.ask(socket_path(args), "reload")
    sys.stdout.write(json.dumps(result) if args.json else say("esmctl.reloaded"))
    sys.stdout.write("\n")
    return 0
