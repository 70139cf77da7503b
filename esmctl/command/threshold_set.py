"""esmctl threshold set: other limits, another interval, watched or not; all of it or nothing."""

import argparse

from esmctl import agent
from esmctl.command.threshold_get import table
from esmctl.failure import FailureError
from esmctl.output import Table
from esmctl.place import socket_path
from openesm.text import say

NUMBERS = {
    "interval": "MonitoringInterval",
    "warning": "WarningThreshold",
    "warning_clear": "WarningClearThreshold",
    "critical": "CriticalThreshold",
    "critical_clear": "CriticalClearThreshold",
}
CHOICES = {
    "watched_value": ("WatchedValue", ("used", "without-caches")),
    "unit": ("ThresholdUnit", ("percent", "mb")),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("element", metavar="ELEMENT", help=say("esmctl.argument-element"))
    watched = parser.add_mutually_exclusive_group()
    watched.add_argument(
        "--enable", dest="enabled", action="store_true", default=None, help=say("esmctl.option-enable")
    )
    watched.add_argument(
        "--disable", dest="enabled", action="store_false", default=None, help=say("esmctl.option-disable")
    )
    for name, known in NUMBERS.items():
        option = name.replace("_", "-")
        parser.add_argument(
            f"--{option}", type=int, metavar="N", help=say("esmctl.option-setting", name=known)
        )
    for name, (known, words) in CHOICES.items():
        option = name.replace("_", "-")
        parser.add_argument(f"--{option}", choices=words, help=say("esmctl.option-setting", name=known))


def run(args: argparse.Namespace) -> Table:
    wanted = settings(args)
    if not wanted:
        raise FailureError.of("nothing-to-set")
    return table(agent.ask(socket_path(args), "threshold-set", element=args.element, settings=wanted))


def settings(args: argparse.Namespace) -> dict[str, bool | int]:
    """The CIM properties that the options name."""
    wanted: dict[str, bool | int] = {} if args.enabled is None else {"MonitoringEnabled": args.enabled}
    wanted |= {
        known: getattr(args, name) for name, known in NUMBERS.items() if getattr(args, name) is not None
    }
    return wanted | {
        known: words.index(getattr(args, name))
        for name, (known, words) in CHOICES.items()
        if getattr(args, name) is not None
    }
