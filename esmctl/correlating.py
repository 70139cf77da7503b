"""What the commands about correlation share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from esmctl import agent
from esmctl.place import socket_path
from esmctl.telling import moment
from openesm.text import say

RECORD_HEADER = "decided", "condition", "result", "sources", "cause", "issued"


def nothing(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def order(command: str) -> Callable[[argparse.Namespace], int]:
    """Gives the agent an order, and shows what correlation does then."""

    def run(args: argparse.Namespace) -> int:
        socket = socket_path(args)
        agent.ask(socket, command)
        show(agent.ask(socket, "correlation-status")["state"])
        return 0

    return run


def show(state: str) -> None:
    sys.stdout.write(f"{say(f'esmctl.correlation-{state}')}\n")


def record_row(record: Mapping[str, Any]) -> tuple[str, ...]:
    """A record of the history for a table with RECORD_HEADER; a set in progress has no moment yet."""
    at, issued = record.get("at"), record.get("issued")
    return (
        "-" if at is None else moment(at),
        record["condition"],
        record["what"],
        " ".join(str(number) for _, number, _ in record["sources"]),
        _cause(record),
        "-" if issued is None else str(issued),
    )


def _cause(record: Mapping[str, Any]) -> str:
    sources = record["sources"]
    if record["what"] in ("limited", "limit-ended", "given-up"):
        return say(f"esmctl.correlation-{record['what']}")
    if record["what"] == "fail":
        seconds = round(record["deadline"] - sources[0][2])
        if record["missing"]:
            cons = ", ".join(str(con + 1) for con in record["missing"])
            return say("esmctl.correlation-missing", cons=cons, seconds=seconds)
        return say("esmctl.correlation-late", found=len(sources), seconds=seconds)
    return ", ".join(f"CON {con + 1}: {number}" for con, number, _ in sources)
