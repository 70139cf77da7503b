"""esmctl correlation check: what is wrong with a definition file, each with its place; nothing is changed."""

import argparse
from contextlib import suppress

from esmctl import agent, definitions
from esmctl.correlating import note_of
from esmctl.failure import FailureError
from esmctl.output import Statement
from esmctl.place import socket_path
from indications.correlation.groups import advice, read_groups
from indications.correlation.wrong import DefinitionError, Wrong
from openesm.settings import SettingsError
from openesm.text import locale_language, say

arguments = definitions.arguments


def run(args: argparse.Namespace) -> Statement:
    try:
        found = definitions.definition(args.file)
    except DefinitionError as wrong:
        if not args.json:
            raise
        return Statement([], {"errors": [_fact(each) for each in wrong.wrong]}, 1)
    count, said = len(found.conditions), list[str]()
    with suppress(FailureError, SettingsError):  # an agent knows the business groups; none is needed
        groups = read_groups(agent.ask(socket_path(args), "group-list")["text"])
        said = [note_of(each.text(locale_language())) for each in advice(found, groups)]
    line = say("esmctl.correlation-good", file=args.file, count=count)
    return Statement([line, *said], {"errors": [], "conditions": count, "advice": said})


def _fact(wrong: Wrong) -> dict[str, object]:
    place, reason = wrong.place, wrong.reason.text(locale_language())
    return {"file": place.file, "line": place.line, "column": place.column, "reason": reason}
