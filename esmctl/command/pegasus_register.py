"""esmctl pegasus register."""

import argparse
import sys

from esmctl.pegasus import arguments as arguments
from esmctl.pegasus import ready
from openesm.text import say

HELP = "esmctl.pegasus-register"


def run(args: argparse.Namespace) -> int:
    pegasus = ready(args)
    pegasus.register()
    sys.stdout.write(f"{say('esmctl.pegasus-registered', library=pegasus.bridge(), state=pegasus.state())}\n")
    return 0
