"""cimsub: reads the command line, does it, prints what came of it."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from esmctl.cimsub import batch, change, commandline, listing, wording
from esmctl.cimsub.change import Outcome
from esmctl.cimsub.commandline import Command, SyntaxRefusedError
from esmctl.cimsub.problem import RefusedError
from esmctl.cimsub.server import Server, connect
from esmctl.cimsub.wording import Code
from esmctl.failure import FailureError
from esmctl.output import visible
from openesm import __version__
from openesm.settings import ProblemsError
from openesm.text import locale_language, say

INTERRUPTED = 130


def _list(server: Server, command: Command, batch_namespace: str) -> Outcome:
    return Outcome(Code.OK, listing.listed(server, command, batch_namespace))


_WORK: Mapping[str, Callable[[Server, Command, str], Outcome]] = MappingProxyType(
    {
        commandline.CREATE: change.create,
        commandline.LIST: _list,
        commandline.ENABLE: change.set_state,
        commandline.DISABLE: change.set_state,
        commandline.REMOVE: change.remove,
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carries out one command line; the exit code."""
    try:
        return int(_run(sys.argv[1:] if argv is None else argv))
    except (SyntaxRefusedError, RefusedError) as refused:
        return _refuse(refused)
    except (FailureError, ProblemsError) as failed:
        _complain(failed.text(locale_language()), "cimsub: ")
    except UnicodeDecodeError:
        _complain(say("cimsub.not-utf-8"), "cimsub: ")
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as failed:
        text = say("esmctl.os-error", file=failed.filename or "", reason=failed.strerror)
        _complain(text, "cimsub: ")
    return Code.ERROR


def _run(words: Sequence[str]) -> int:
    command = commandline.parse(words)
    if command.operation == commandline.HELP:
        sys.stderr.write(say("cimsub.help") + "\n")
        return Code.OK
    if command.operation == commandline.VERSION:
        sys.stderr.write(f"Version {__version__}\n")
        return Code.OK
    with connect(command.connection) as server:
        if command.operation == commandline.BATCH:
            return _batch(server, Path(command.what), command.namespace)
        return _do(server, command, "")


def _do(server: Server, command: Command, batch_namespace: str) -> Code:
    outcome = _WORK[command.operation](server, command, batch_namespace)
    sys.stdout.write(outcome.out)
    sys.stdout.flush()
    _complain(outcome.err)
    return outcome.code


def _batch(server: Server, file: Path, namespace: str) -> int:
    """Goes on after what could not be found, and stops at an error; the exit code."""
    code = Code.OK
    for number, words in batch.commands(file):
        try:
            if words is None:
                raise SyntaxRefusedError(say("cimsub.open-quote"))
            done = _do_line(server, words, namespace)
        except (SyntaxRefusedError, RefusedError) as refused:
            code = _refuse(refused)
            _complain(say("cimsub.batch-stopped", file=file, line=number), "cimsub: ")
            return code
        code = code or done
        sys.stdout.write("\n")
    return code


def _do_line(server: Server, words: Sequence[str], namespace: str) -> Code:
    command = commandline.parse(words, in_batch=True)
    if command.operation in _WORK:
        return _do(server, command, namespace)
    return Code(_run(words))


def _refuse(refused: SyntaxRefusedError | RefusedError) -> Code:
    """Tells the user; the exit code."""
    if isinstance(refused, RefusedError):
        _complain(refused.text)
        return refused.code
    _complain(f"{refused}\n{wording.USE_HELP}", "cimsub: ")
    return Code.ERROR


def _complain(text: str, prefix: str = "") -> None:
    for line in text.splitlines():
        sys.stderr.write(f"{prefix}{visible(line)}\n")


if __name__ == "__main__":
    sys.exit(main())
