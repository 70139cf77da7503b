"""esmctl pegasus status: what Pegasus has of us, and what is missing; exit code 1 where something is."""

import argparse
from collections.abc import Iterator

from esmctl.failure import REFUSED
from esmctl.output import Table
from esmctl.pegasus import Pegasus, named
from esmctl.pegasus import arguments as arguments
from openesm.text import say


def run(args: argparse.Namespace) -> Table:
    rows = tuple(_rows(named(args)))
    return Table(("what", "result"), rows, REFUSED if any(row[1].startswith("!") for row in rows) else 0)


def _rows(pegasus: Pegasus) -> Iterator[tuple[str, str]]:
    missing = list(pegasus.missing())
    yield "tools", "! " + say("esmctl.pegasus-missing", names=", ".join(missing)) if missing else "ok"
    if missing or not pegasus.is_running():
        yield "cimserver", "! " + say("esmctl.pegasus-not-running")
        return
    yield "cimserver", "ok"
    library = pegasus.bridge()
    yield "bridge", str(library) if library.exists() else "! " + say("esmctl.pegasus-absent", what=library)
    state = pegasus.state()
    yield "module", state or "! " + say("esmctl.pegasus-absent", what="OpenESM")
    yield "classes", str(pegasus.classes())
