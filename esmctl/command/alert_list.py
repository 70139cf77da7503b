"""esmctl alert list: the history, newest first."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import moment, since
from openesm.text import say

HEADER = "time", "severity", "event", "uuid", "delivered", "waits", "message"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=since, default=0.0, metavar="TIME", help=say("esmctl.option-since"))
    parser.add_argument("--limit", type=int, default=50, metavar="N", help=say("esmctl.option-limit"))


def run(args: argparse.Namespace) -> Table:
    found = agent.ask(socket_path(args), "alert-list", since=args.since, limit=args.limit)
    return Table(HEADER, tuple(rows(found["alerts"])))


def rows(alerts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for alert in alerts:
        yield (
            moment(alert["at"]),
            alert["severity"],
            alert["event"],
            alert["uuid"],
            str(alert["delivered"]),
            str(alert["pending"]),
            agent.text_of(alert["message"]),
        )
