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
    if unused := [name for name in fields if not any(_has(each, name) for each in documents)]:
        raise FailureError.of("sigma-unused", fields=", ".join(unused))
    read(text, say("esmctl.sigma-output"))  # what it must not be is told with its place in the output
    sys.stdout.write(text)
    return 0


def _documents(path: Path) -> Iterator[object]:
    import yaml

    try:
        yield from yaml.safe_load_all(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        reason = " ".join(str(wrong).split())
        raise FailureError.of("file-failed", path=path, reason=reason) from wrong


def _has(value: object, name: str) -> bool:
    """Whether a field stands anywhere in a document."""
    if isinstance(value, dict):
        source = value.get("logsource")
        if isinstance(source, dict) and name in [f"logsource.{key}" for key in source]:
            return True
        return any(str(key).split("|")[0] == name or _has(each, name) for key, each in value.items())
    return any(each == name or _has(each, name) for each in value) if isinstance(value, list) else False
