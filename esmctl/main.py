"""esmctl: finds its commands, runs one, shows what it gives.

Exit codes: 0 done; 1 refused or failed, or a check that fails; 2 wrong command line, or no agent answers;
130 interrupted.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import esmctl.command
from esmctl.failure import REFUSED, FailureError
from esmctl.output import Statement, Table, visible
from esmd.tls import TlsError
from indications.correlation.wrong import DefinitionError
from openesm import __version__, atomic
from openesm.settings import ProblemsError
from openesm.text import locale_language, say

INTERRUPTED = 130


class Command(Protocol):
    """What a module in `esmctl.command` has."""

    def arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace) -> int | Table | Statement: ...


def commands() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command: its words, as `("user", "add")`, and its module."""
    for module in pkgutil.iter_modules(esmctl.command.__path__):
        words = module.name.split("_", 1)  # correlation_dry_run is `correlation dry-run`
        yield tuple(word.replace("_", "-") for word in words), module.name


class _Parser(argparse.ArgumentParser):
    """The parser of one command, whose module is loaded when the command line names it."""

    module: str | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.module is not None:
            module = importlib.import_module(f"{esmctl.command.__name__}.{self.module}")
            command, self.module = cast(Command, module), None
            command.arguments(self)
            self.set_defaults(run=command.run)
        return super().parse_known_args(args, namespace)


def parser_of_all() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="esmctl",
        description=say("esmctl.description"),
        epilog=say("esmctl.exit-codes"),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"esmctl {__version__}")
    _common(parser)
    parser.set_defaults(config=None, socket=None, json=False)
    top = parser.add_subparsers(metavar=say("esmctl.command"), required=True)
    groups: dict[str, argparse._SubParsersAction[_Parser]] = {}
    for words, module in commands():
        place = top
        if len(words) == 2:
            place = groups.get(words[0]) or _group(top, words[0])
            groups[words[0]] = place
        text = say(f"esmctl.{'-'.join(words)}")
        leaf = place.add_parser(words[-1], help=text, description=text, allow_abbrev=False)
        _common(leaf)
        leaf.module = module
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    args = parser_of_all().parse_args(argv)

    def work() -> int:
        outcome = args.run(args)
        if isinstance(outcome, Table | Statement):
            sys.stdout.write(outcome.json() if args.json else outcome.text())
            outcome = outcome.code
        return int(outcome)

    return guarded(work)


def guarded(work: Callable[[], int]) -> int:
    """The exit code of some work; what fails is told in words."""
    try:
        code = work()
        sys.stdout.flush()
    except FailureError as failed:
        return _complain(failed.text(locale_language()), failed.code)
    except (ProblemsError, TlsError, DefinitionError) as failed:
        return _complain(failed.text(locale_language()), REFUSED)
    except atomic.LockedError as held:
        return _complain(say("esmctl.locked", file=held.lock, holder=held.holder), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except OSError as failed:
        return _complain(say("esmctl.os-error", file=failed.filename or "", reason=failed.strerror), REFUSED)
    return code


def _complain(text: str, code: int) -> int:
    for line in text.splitlines():
        sys.stderr.write(f"esmctl: {visible(line)}\n")
    return code


def _common(parser: argparse.ArgumentParser) -> None:
    hidden = argparse.SUPPRESS
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=hidden, help=say("esmctl.option-config")
    )
    parser.add_argument(
        "--socket", type=Path, metavar="PATH", default=hidden, help=say("esmctl.option-socket")
    )
    parser.add_argument("--json", action="store_true", default=hidden, help=say("esmctl.option-json"))


def _group(top: "argparse._SubParsersAction[_Parser]", word: str) -> "argparse._SubParsersAction[_Parser]":
    text = say(f"esmctl.group-{word}")
    parser = top.add_parser(word, help=text, description=text, allow_abbrev=False)
    return parser.add_subparsers(metavar=say("esmctl.command"), required=True)


if __name__ == "__main__":
    sys.exit(main())
