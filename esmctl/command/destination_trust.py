"""esmctl destination trust: how the certificate of a listener is checked, in [delivery.trust]."""

import argparse
import sys
from pathlib import Path

from esmctl import agent
from esmctl.failure import FailureError
from esmctl.output import visible
from esmctl.place import config_path, reload_agent, socket_path
from indications.delivery import guard
from indications.delivery.trust import Trust, TrustError, context, parse
from openesm import atomic, settings
from openesm.settings.edit import NotEditableError, with_value
from openesm.text import Message, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="URL|NAME", help=say("esmctl.argument-listener"))
    parser.add_argument("words", nargs="*", metavar="WORD", help=say("esmctl.argument-trust"))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--ca", type=Path, metavar="FILE", help=say("esmctl.option-trust-ca"))
    how.add_argument("--pin", metavar="sha256:HEX", help=say("esmctl.option-trust-pin"))
    how.add_argument("--system", action="store_true", help=say("esmctl.option-trust-system"))
    how.add_argument("--off", action="store_true", help=say("esmctl.option-trust-off"))


def run(args: argparse.Namespace) -> int:
    trust = _trust(args)
    url = args.destination if "://" in args.destination else _url_of(args)
    wrong = guard.parse(url)
    if isinstance(wrong, Message):
        raise FailureError(wrong)
    path = config_path(args)
    with atomic.locked(path.with_name(f"{path.name}.lock")):
        _write(path, url, str(trust))
    sys.stdout.write(visible(say("esmctl.trusted", url=url, trust=trust)) + "\n")
    sys.stdout.write(f"{reload_agent(args)}\n")
    return 0


def _trust(args: argparse.Namespace) -> Trust:
    """What the options or the words say, once it can be used."""
    options = (
        (["ca", str(args.ca)], args.ca),
        (["pin", args.pin], args.pin),
        (["system"], args.system),
        (["verify", "off"], args.off),
        (args.words, args.words),
    )
    given = [words for words, is_given in options if is_given]
    if len(given) != 1:
        raise FailureError(Message.of("esmctl.trust-how"), 2)
    try:
        trust = parse(given[0])
        if trust.ca and len(str(trust).split()) != 2:
            raise FailureError.of("trust-blank", file=trust.ca)
        context(trust)
    except TrustError as wrong:
        raise FailureError(wrong.message) from wrong
    return trust


def _url_of(args: argparse.Namespace) -> str:
    known = agent.ask(socket_path(args), "subscription-list")["destinations"]
    found = [each["url"] for each in known if each["name"] == args.destination]
    if len(set(found)) != 1:
        raise FailureError.of("no-destination", name=args.destination)
    return str(found[0])


def _write(path: Path, url: str, words: str) -> None:
    settings.load(path)
    before = path.read_bytes()
    try:
        edited = with_value(before.decode("utf-8-sig"), ("delivery", "trust"), url, words)
    except NotEditableError as refused:
        raise FailureError.of("trust-not-editable", file=path, url=url, words=words) from refused
    settings.parse(edited, path)
    mode = path.stat().st_mode & 0o777
    atomic.write(path.with_name(f"{path.name}.bak"), before, mode)
    atomic.write(path, edited.encode(), mode)
