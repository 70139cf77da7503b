"""What the commands about correlation share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.output import Statement, Table
from esmctl.place import socket_path
from esmctl.telling import moment
from indications.correlation.groups import NO_GROUPS, Groups, GroupsError, read_groups
from indications.correlation.starting import Options, kept_options
from openesm.settings import SettingsError
from openesm.text import say

RECORD_HEADER = "decided", "condition", "result", "sources", "cause", "issued"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides besides a definition: the business groups and options of the running agent."""

    groups: Groups = NO_GROUPS
    options: Options = field(default_factory=Options)


def surroundings(args: argparse.Namespace) -> Surroundings:
    """Those of the agent, where one answers; else none."""
    try:
        socket = socket_path(args)
        groups = read_groups(agent.ask(socket, "group-list")["text"])
        return Surroundings(groups, kept_options(agent.ask(socket, "correlation-status")["options"]))
    except (FailureError, SettingsError, GroupsError):
        return Surroundings()


def nothing(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def order(command: str) -> Callable[[argparse.Namespace], Statement]:
    """Gives the agent an order, and shows what correlation does then."""

    def run(args: argparse.Namespace) -> Statement:
        socket = socket_path(args)
        agent.ask(socket, command)
        state = agent.ask(socket, "correlation-status")["state"]
        return Statement([say(f"esmctl.correlation-{state}")], {"state": state})

    return run


def record_row(record: Mapping[str, Any]) -> tuple[str, ...]:
    """A record of the history for a table with RECORD_HEADER; a set in progress has no moment yet."""
    at, issued = record.get("at"), record.get("issued")
    return (
        "-" if at is None else moment(at),
        record["condition"] or "-",
        f"{record['what']} (backfill)" if record.get("detail", {}).get("backfill") else record["what"],
        " ".join(str(number) for _, number, _ in record["sources"]),
        _cause(record),
        "-" if issued is None else str(issued),
    )


def _cause(record: Mapping[str, Any]) -> str:
    sources, what, detail = record["sources"], record["what"], record.get("detail", {})
    if what in _PLAIN:
        return say(f"esmctl.correlation-{what}")
    if what == "discarded":
        return say("esmctl.correlation-discarded", reason=say(f"esmctl.why-{detail.get('reason')}"))
    if what == "fail":
        seconds = round(record["deadline"] - sources[0][2])
        if record["missing"]:
            cons = ", ".join(str(con + 1) for con in record["missing"])
            return say("esmctl.correlation-missing", cons=cons, seconds=seconds)
        return say("esmctl.correlation-late", found=len(sources), seconds=seconds)
    if not sources:
        return " ".join(f"{name}={_short(name, value)}" for name, value in detail.items())
    if what == "open" and "goes_on" in detail:
        return say("esmctl.correlation-goes-on" if detail["goes_on"] else "esmctl.correlation-open")
    return ", ".join(f"CON {con + 1}: {number}" for con, number, _ in sources)


_PLAIN = frozenset({"limited", "limit-ended", "saved"})


def _short(name: str, value: object) -> str:
    match value:
        case list():
            return ",".join(map(str, value)) or "-"
        case bool():
            return "on" if value else "off"
        case float() if name == "last_commit":
            return moment(value)
        case None | "":
            return "-"
    return str(value)


def options_table(options: Mapping[str, Any]) -> Table:
    rows = (
        (name, say(f"esmctl.set-{name.replace('_', '-')}"), _short(name, options[name])) for name in options
    )
    return Table(("option", "value", "meaning"), tuple((name, value, what) for name, what, value in rows))


def note_of(text: str) -> str:
    return say("esmctl.correlation-note", text=text)


def notes(told: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the agent has to say of a definition that it has taken."""
    return [note_of(agent.text_of(each)) for each in told]
