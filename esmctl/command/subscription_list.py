"""esmctl subscription list: who is told what, until when, and how that goes."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import span

HEADER = "filter", "destination", "url", "state", "expires in", "pending", "last success", "last error"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    return Table(HEADER, tuple(rows(agent.ask(socket_path(args), "subscription-list")["subscriptions"])))


def rows(subscriptions: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for each in sorted(subscriptions, key=lambda one: (one["filter"], one["destination"])):
        yield (
            each["filter"],
            each["destination"],
            each["url"],
            each["state"],
            span(each["expires_in_s"]),
            str(each["pending"]),
            span(each["last_success_s"]),
            agent.text_of(each["error"]) if each["error"] else "-",
        )
