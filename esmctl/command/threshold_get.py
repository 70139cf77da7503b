"""esmctl threshold get: how one element is watched, setting by setting."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from esmctl import agent
from esmctl.output import Table
from esmctl.place import socket_path
from esmctl.telling import moment
from openesm.text import say

HEADER = "setting", "value"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("element", metavar="ELEMENT", help=say("esmctl.argument-element"))


def run(args: argparse.Namespace) -> Table:
    return table(agent.ask(socket_path(args), "threshold-get", element=args.element))


def table(element: Mapping[str, Any]) -> Table:
    return Table(HEADER, tuple(_rows(element)))


def _rows(element: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Element", str(element["element"])
    for name, value in element["settings"].items():
        yield name, str(value).lower()
    yield "MonitorState", str(element["state"])
    since = element["since"]
    yield "MonitorStateChanged", "-" if since is None else moment(since)
