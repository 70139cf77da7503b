"""esmctl correlation apply: puts a definition in the place of the one in use, all of it or nothing."""

import argparse
import sys

from esmctl import agent, definitions
from esmctl.correlating import show_advice
from esmctl.failure import NO_AGENT, FailureError
from esmctl.place import settings_of, socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    definitions.arguments(parser)
    parser.add_argument("--backfill", type=int, default=0, metavar="HOURS", help=say("esmctl.backfill-hours"))


def run(args: argparse.Namespace) -> int:
    definitions.definition(args.file)  # with every error, not only the first
    text = args.file.read_text("utf-8")
    try:
        told = agent.ask(
            socket_path(args),
            "correlation-apply",
            file=str(args.file),
            definition=text,
            backfill=args.backfill,
        )
    except FailureError as failed:
        if failed.code != NO_AGENT or args.backfill:
            raise
        return _for_the_next_start(args, text)
    line = say("esmctl.correlation-applied", count=told["conditions"], unchanged=told["unchanged"])
    sys.stdout.write(f"{line}\n")
    if args.backfill:
        sys.stdout.write(f"{say('esmctl.correlation-backfilled', count=len(told['backfilled']))}\n")
    show_advice(told["advice"])
    return 0


def _for_the_next_start(args: argparse.Namespace, text: str) -> int:
    """While no agent runs, the definition is stored (R-4)."""
    definitions.store(settings_of(args).state.dir, text, str(args.file))
    sys.stdout.write(f"{say('esmctl.correlation-stored')}\n")
    return 0
