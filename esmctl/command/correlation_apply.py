"""esmctl correlation apply: puts a definition in the place of the one in use, all of it or nothing."""

import argparse
import sys

from esmctl import agent, definitions
from esmctl.place import socket_path
from openesm.text import say

HELP = "esmctl.correlation-apply"
arguments = definitions.arguments


def run(args: argparse.Namespace) -> int:
    definitions.definition(args.file)  # with every error, not only the first
    text = args.file.read_text("utf-8")
    told = agent.ask(socket_path(args), "correlation-apply", file=str(args.file), definition=text)
    line = say("esmctl.correlation-applied", count=told["conditions"], unchanged=told["unchanged"])
    sys.stdout.write(f"{line}\n")
    return 0
