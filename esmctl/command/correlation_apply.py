"""esmctl correlation apply: puts a definition in the place of the one in use, all of it or nothing."""

import argparse

from esmctl import agent, definitions
from esmctl.correlating import notes
from esmctl.failure import NO_AGENT, FailureError
from esmctl.output import Statement
from esmctl.place import settings_of, socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    definitions.arguments(parser)
    parser.add_argument("--backfill", type=int, default=0, metavar="HOURS", help=say("esmctl.backfill-hours"))


def run(args: argparse.Namespace) -> Statement:
    definitions.definition(args.file)  # with every error, not only the first
    text = args.file.read_text("utf-8")
    order = {"file": str(args.file), "definition": text, "backfill": args.backfill}
    try:
        told = agent.ask(socket_path(args), "correlation-apply", **order)
    except FailureError as failed:
        if failed.code != NO_AGENT or args.backfill:
            raise
        definitions.store(settings_of(args).state.dir, text, str(args.file))
        return Statement([say("esmctl.correlation-stored")], {"stored": True})
    lines = [say("esmctl.correlation-applied", count=told["conditions"], unchanged=told["unchanged"])]
    if told["discarded_sets"]:
        lines.append(say("esmctl.correlation-gave-up", count=told["discarded_sets"]))
    if args.backfill:
        lines.append(say("esmctl.correlation-backfilled", count=told["backfilled"]))
    said = notes(told["advice"])
    return Statement([*lines, *said], {**told, "advice": said})
