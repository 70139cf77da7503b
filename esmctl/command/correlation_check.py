"""esmctl correlation check: what is wrong with a definition file, each with its place; nothing is changed."""

import argparse
import sys
from contextlib import suppress

from esmctl import agent, definitions
from esmctl.correlating import note_of
from esmctl.failure import FailureError
from esmctl.place import socket_path
from indications.correlation.groups import advice, read_groups
from openesm.settings import SettingsError
from openesm.text import locale_language, say

arguments = definitions.arguments


def run(args: argparse.Namespace) -> int:
    found = definitions.definition(args.file)
    count = len(found.conditions)
    sys.stdout.write(f"{say('esmctl.correlation-good', file=args.file, count=count)}\n")
    with suppress(FailureError, SettingsError):  # an agent knows the business groups; none is needed
        groups = read_groups(agent.ask(socket_path(args), "group-list")["text"])
        for each in advice(found, groups):
            sys.stdout.write(f"{note_of(each.text(locale_language()))}\n")
    return 0
