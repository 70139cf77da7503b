"""Definition files of correlation, as commands take them."""

from __future__ import annotations

import argparse
from pathlib import Path

from esmctl.failure import FailureError
from indications.correlation.definition import Definition
from indications.correlation.reading import read
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("esmctl.definition-file"))


def definition(path: Path) -> Definition:
    """What a file says.

    Raises:
        FailureError: it cannot be read.
        DefinitionError: everything that is wrong with it.
    """
    try:
        return read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as failed:
        raise FailureError.of("file-failed", path=path, reason=failed) from failed
