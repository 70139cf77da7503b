"""esmctl pegasus register."""

import argparse
import sys

from esmctl import bindings, pegasus, registration
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    pegasus.arguments(parser)
    parser.add_argument("--bindings", action="store_true", help=say("esmctl.pegasus-option-bindings"))


def run(args: argparse.Namespace) -> int:
    found = pegasus.ready(args)
    found.register(by_bindings=args.bindings)
    library = found.bridge(bindings.LIBRARY if args.bindings else registration.LIBRARY)
    sys.stdout.write(f"{say('esmctl.pegasus-registered', library=library, state=found.state())}\n")
    return 0
