"""esmctl correlation clear."""

import argparse

from esmctl import correlating, definitions
from esmctl.failure import NO_AGENT, FailureError
from esmctl.output import Statement
from esmctl.place import settings_of
from openesm.text import say

arguments = correlating.nothing


def run(args: argparse.Namespace) -> Statement:
    try:
        return correlating.order("correlation-clear")(args)
    except FailureError as failed:
        if failed.code != NO_AGENT:
            raise
        definitions.store(settings_of(args).state.dir, "", "")
        return Statement([say("esmctl.correlation-stored")], {"stored": True})
