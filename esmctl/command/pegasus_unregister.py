"""esmctl pegasus unregister."""

import argparse
import sys

from esmctl.pegasus import arguments as arguments
from esmctl.pegasus import ready
from openesm.text import say


def run(args: argparse.Namespace) -> int:
    ready(args).unregister()
    sys.stdout.write(f"{say('esmctl.pegasus-unregistered')}\n")
    return 0
