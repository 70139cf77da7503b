"""esmctl correlation check: what is wrong with a definition file, each with its place; nothing is changed."""

import argparse
import sys

from esmctl import definitions
from openesm.text import say

HELP = "esmctl.correlation-check"
arguments = definitions.arguments


def run(args: argparse.Namespace) -> int:
    found = definitions.definition(args.file)
    count = len(found.conditions)
    sys.stdout.write(f"{say('esmctl.correlation-good', file=args.file, count=count)}\n")
    return 0
