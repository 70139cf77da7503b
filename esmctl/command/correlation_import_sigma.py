"""esmctl correlation import-sigma: correlation rules of Sigma as a definition, on standard output."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from esmctl.failure import FailureError
from indications.correlation.reading import read
from indications.correlation.sigma import SigmaError, imported
from openesm.text import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help=say("esmctl.sigma-file"))
    parser.add_argument(
        "--field", action="append", default=[], metavar="FIELD=ATTRIBUTE", help=say("esmctl.sigma-field")
    )


def run(args: argparse.Namespace) -> int:
    fields: dict[str, str] = {}
    for each in args.field:
        name, equals, attribute = each.partition("=")
        if not equals:
            raise FailureError.of("event-word", word=each)
        fields[name] = attribute
    documents = [each for path in args.files for each in _documents(path)]
    try:
        text = imported(documents, fields)
    except SigmaError as wrong:
        raise FailureError(wrong.message) from wrong
    read(text, "sigma")  # what it must not be is told with its place in the output
    sys.stdout.write(text)
    return 0


def _documents(path: Path) -> Iterator[object]:
    import yaml

    try:
        yield from yaml.safe_load_all(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        reason = " ".join(str(wrong).split())
        raise FailureError.of("file-failed", path=path, reason=reason) from wrong
