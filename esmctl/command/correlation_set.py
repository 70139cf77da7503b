"""esmctl correlation set: how correlation starts, stops, pauses and changes; without options, shows it."""

import argparse

from esmctl import agent
from esmctl.correlating import options_table
from esmctl.output import Table
from esmctl.place import socket_path
from indications.correlation.starting import OnChange, OnMissing, OnPause, Recovery, StartOption
from openesm.text import say

_CHOICES = {
    "start": StartOption,
    "crash-recovery": Recovery,
    "on-pause": OnPause,
    "missing-attribute": OnMissing,
    "on-change": OnChange,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, kind in _CHOICES.items():
        parser.add_argument(
            f"--{name}", type=str.lower, choices=[str(each) for each in kind], help=say(f"esmctl.set-{name}")
        )
    parser.add_argument("--begin", type=int, metavar="HOURS", help=say("esmctl.set-begin"))
    parser.add_argument("--integrated-db", choices=("on", "off"), help=say("esmctl.set-integrated-db"))
    parser.add_argument("--acquire", metavar="CONDITIONS", help=say("esmctl.set-acquire"))


def run(args: argparse.Namespace) -> Table:
    names = [*(name.replace("-", "_") for name in _CHOICES), "begin", "acquire"]
    wanted: dict[str, object] = {
        name: getattr(args, name) for name in names if getattr(args, name) is not None
    }
    if args.integrated_db is not None:
        wanted["integrated_db"] = args.integrated_db == "on"
    return options_table(agent.ask(socket_path(args), "correlation-set", **wanted)["options"])
