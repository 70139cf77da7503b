"""esmctl group apply: puts the business groups of a file in force."""

import argparse
from pathlib import Path

from esmctl import agent
from esmctl.correlating import notes
from esmctl.failure import FailureError
from esmctl.output import Statement
from esmctl.place import socket_path
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("esmctl.groups-file"))


def run(args: argparse.Namespace) -> Statement:
    try:
        text = args.file.read_text("utf-8")
    except UnicodeDecodeError as failed:
        raise FailureError.of("file-failed", path=args.file, reason=failed) from failed
    told = agent.ask(socket_path(args), "group-apply", groups=text)
    said = notes(told["advice"])
    line = say("esmctl.groups-applied", count=told["groups"])
    return Statement([line, *said], {"groups": told["groups"], "advice": said})
