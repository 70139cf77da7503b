"""esmctl correlation clear."""

import argparse

from esmctl import agent, correlating, definitions
from esmctl.failure import NO_AGENT, FailureError
from esmctl.output import Statement
from esmctl.place import settings_of, socket_path
from openesm.text import say

arguments = correlating.nothing


def run(args: argparse.Namespace) -> Statement:
    try:
        told = agent.ask(socket_path(args), "correlation-clear")
    except FailureError as failed:
        if failed.code != NO_AGENT:
            raise
        definitions.store(settings_of(args).state.dir, "", "")
        return Statement([say("esmctl.correlation-stored")], {"stored": True})
    return Statement([say("esmctl.correlation-cleared")], {"discarded_sets": told["discarded_sets"]})
