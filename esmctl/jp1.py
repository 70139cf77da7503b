"""The names that JP1 operators type, as thin fronts of `esmctl correlation`; arguments as far as they are
known.

Which agent they are about is said by OPENESM_SOCKET and OPENESM_CONFIG, or found as esmctl finds it. `-h`
names a logical host there; here an agent is one host, and its name is taken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.main import guarded, main
from esmctl.place import socket_path
from esmctl.telling import moment
from openesm.text import say

_NOWHERE = argparse.Namespace(config=None, socket=None)


def jcoegscheck() -> int:
    """Checks a definition file: -f FILE."""
    args = _parsed("jcoegscheck", "esmctl.correlation-check", _file)
    return main(["correlation", "check", args.f])


def jcoegschange() -> int:
    """Puts a definition in use: -f FILE; or takes it away: -n."""
    args = _parsed("jcoegschange", "esmctl.correlation-apply", _file_or_none)
    return _on(args, lambda: main(["correlation", "clear"] if args.n else ["correlation", "apply", args.f]))


def jcoegsstart() -> int:
    """Goes on after a pause."""
    return _on(_parsed("jcoegsstart", "esmctl.correlation-start"), lambda: main(["correlation", "start"]))


def jcoegsstop() -> int:
    """Pauses."""
    return _on(_parsed("jcoegsstop", "esmctl.correlation-stop"), lambda: main(["correlation", "stop"]))


def jcoegsstatus() -> int:
    """Shows state and start option; with -d the definition in use, and when it was applied."""
    args = _parsed("jcoegsstatus", "esmctl.correlation-status", _detail)
    return _on(args, lambda: _status(args.d))


def jcoimdef() -> int:
    """Changes -egs, -b and -db; without them shows all settings as item=setting."""
    args = _parsed("jcoimdef", "esmctl.correlation-set", _settings)
    return _on(args, lambda: _define(args))


# -- what they do


def _status(is_long: bool) -> int:
    socket = socket_path(_NOWHERE)
    told, host = agent.ask(socket, "correlation-status"), agent.ask(socket, "status")["system_name"]
    lines = [
        f"KAJV3261-I {say('esmctl.jp1-status', host=host)}",
        say("esmctl.jp1-function", state=say(f"esmctl.jp1-{told['state']}")),
        f"Start option : {told['options']['start']}",
    ]
    if is_long:
        at = told["applied_at"]
        lines += [
            "",
            say("esmctl.jp1-applied", at="-" if at is None else moment(at)),
            told["definition"].rstrip(),
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _define(args: argparse.Namespace) -> int:
    socket = socket_path(_NOWHERE)
    wanted: dict[str, object] = {}
    if args.b is not None:
        wanted["begin"] = args.b
    if args.db is not None:
        wanted["integrated_db"] = args.db == "ON"
    options = agent.ask(socket, "correlation-set", **wanted)["options"]
    if args.egs is not None:
        agent.ask(socket, "correlation-enable" if args.egs == "ON" else "correlation-disable")
    state = agent.ask(socket, "correlation-status")["state"]
    sys.stdout.write(
        f"S_EGS={'OFF' if state == 'disabled' else 'ON'}\n"
        f"S_EVENT_POS={options['begin']}\n"
        f"S_DB={'ON' if options['integrated_db'] else 'OFF'}\n"
    )
    return 0


def _on(args: argparse.Namespace, work: Callable[[], int]) -> int:
    """Where `-h` names another host than the agent's, nothing is done."""

    def done() -> int:
        if args.h is not None:
            name = agent.ask(socket_path(_NOWHERE), "status")["system_name"]
            if str(name).lower() != args.h.lower():
                raise FailureError.of("jp1-host", host=args.h, name=name)
        return work()

    return guarded(done)


# -- command lines


def _parsed(
    name: str, help_key: str, *more: Callable[[argparse.ArgumentParser], object]
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=name, description=say(help_key), add_help=False, allow_abbrev=False)
    parser.add_argument("--help", action="help", help=say("esmctl.jp1-help"))
    parser.add_argument("-h", metavar="HOST", help=say("esmctl.jp1-host-option"))
    for each in more:
        each(parser)
    return parser.parse_args()


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", metavar="FILE", required=True, help=say("esmctl.definition-file"))


def _file_or_none(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("-f", metavar="FILE", help=say("esmctl.definition-file"))
    either.add_argument("-n", action="store_true", help=say("esmctl.correlation-clear"))


def _detail(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-d", action="store_true", help=say("esmctl.jp1-detail"))


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-egs", type=str.upper, choices=("ON", "OFF"), help=say("esmctl.jp1-egs"))
    parser.add_argument("-b", type=int, metavar="HOURS", help=say("esmctl.set-begin"))
    parser.add_argument("-db", type=str.upper, choices=("ON", "OFF"), help=say("esmctl.set-integrated-db"))
