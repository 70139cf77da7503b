"""esmctl backlog list: what is kept for subscriptions that lapsed, until their managers come back."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import span

HEADER = "number", "url", "lapsed", "kept", "dropped", "query"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(rows(agent.ask(socket_path(args), "backlog-list")["backlogs"])))


def rows(backlogs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for each in backlogs:
        yield (
            str(each["number"]),
            each["url"],
            span(each["lapsed_s"]),
            str(each["kept"]),
            str(each["dropped"]),
            each["query"],
        )
