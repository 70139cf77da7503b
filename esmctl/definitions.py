"""Definition files of correlation, as commands take them."""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

from esmctl.failure import FailureError
from indications.correlation.definition import Definition
from indications.correlation.reading import read
from openesm.store import StoreError
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("esmctl.definition-file"))


def definition(path: Path) -> Definition:
    """What a file says.

    Raises:
        FailureError: it cannot be read, or has no generation condition.
        DefinitionError: everything that is wrong with it.
    """
    try:
        found = read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as failed:
        raise FailureError.of("file-failed", path=path, reason=failed) from failed
    if not found.conditions:
        raise FailureError.of("empty-definition", file=path)
    return found


def store(folder: Path, text: str, file: str) -> None:
    """Keeps a definition for the next start of the agent, which does not run now (R-4).

    Raises:
        FailureError: an agent runs after all, or the store cannot be used.
    """
    from esmd.correlation import lives  # most of the agent: only where it is needed
    from esmd.prerequisites import StartError

    try:
        lives.store_definition(folder, text, file)
    except (StartError, StoreError) as failed:
        raise FailureError(failed.message) from failed
    except sqlite3.Error as failed:
        raise FailureError.of("file-failed", path=folder, reason=failed) from failed
