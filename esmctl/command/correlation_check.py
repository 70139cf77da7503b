"""esmctl correlation check: what is wrong with a definition file, each with its place; nothing is changed."""

import argparse

from esmctl import definitions
from esmctl.correlating import note_of, surroundings
from esmctl.output import Statement
from indications.correlation.advising import advice
from indications.correlation.wrong import DefinitionError, Wrong
from openesm.text import locale_language, say

arguments = definitions.arguments


def run(args: argparse.Namespace) -> Statement:
    try:
        found = definitions.definition(args.file)
    except DefinitionError as wrong:
        if not args.json:
            raise
        return Statement([], {"errors": [_fact(each) for each in wrong.wrong]}, 1)
    count, groups = len(found.conditions), surroundings(args).groups
    said = [note_of(each.text(locale_language())) for each in advice(found, groups)]
    line = say("esmctl.correlation-good", file=args.file, count=count)
    return Statement([line, *said], {"errors": [], "conditions": count, "advice": said})


def _fact(wrong: Wrong) -> dict[str, object]:
    place, reason = wrong.place, wrong.reason.text(locale_language())
    return {"file": place.file, "line": place.line, "column": place.column, "reason": reason}
