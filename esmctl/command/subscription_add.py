"""esmctl subscription add: a listener is told of every alert from now on."""

import argparse
import sys

from esmctl import agent
from esmctl.output import visible
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help=say("esmctl.argument-url"))
    parser.add_argument("--name", metavar="NAME", help=say("esmctl.option-destination-name"))
    parser.add_argument("--duration", type=int, metavar="SECONDS", help=say("esmctl.option-duration"))


def run(args: argparse.Namespace) -> int:
    wanted = {"url": args.url, "name": args.name, "duration": args.duration}
    added = agent.ask(socket_path(args), "subscription-add", **wanted)
    done = say(
        "esmctl.subscription-added", **{name: added[name] for name in ("filter", "destination", "url")}
    )
    sys.stdout.write(f"{visible(done)}\n")
    return 0
