"""esmctl doctor: is everything in place, and what to do where it is not; exit code 1 when a check fails."""

import argparse
from collections.abc import Iterator
from urllib.parse import urlsplit

from esmctl import agent
from esmctl.checks import Finding, Subject, Verdict, findings
from esmctl.failure import REFUSED, FailureError
from esmctl.output import Table
from esmctl.place import config_path, socket_path
from openesm.settings import SettingsError, load
from openesm.text import Message, locale_language

HEADER = "check", "result", "what"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def run(args: argparse.Namespace) -> Table:
    found = list(_all(args))
    code = REFUSED if any(one.verdict is Verdict.FAIL for one in found) else 0
    language = locale_language()
    rows = ((one.check, one.verdict.name.lower(), _in_language(one.message).text(language)) for one in found)
    return Table(HEADER, tuple(rows), code)


def _all(args: argparse.Namespace) -> Iterator[Finding]:
    path = config_path(args)
    try:
        settings = load(path)
    except SettingsError as wrong:
        for problem in wrong.errors:
            place = f"{path}:{problem.line}"
            yield Finding.of(
                "config", Verdict.FAIL, "doctor-config-wrong", place=place, reason=problem.message
            )
        return
    yield Finding.of("config", Verdict.OK, "doctor-config", file=path)
    try:
        status = agent.ask(socket_path(args), "status")
    except FailureError as failed:
        yield Finding("agent", Verdict.WARN, failed.message)
        status = {}
    else:
        yield Finding.of("agent", Verdict.OK, "doctor-agent", pid=status.get("pid", "?"))
    urls = (urlsplit(str(one.get("url", ""))) for one in status.get("listeners", ()))
    yield from findings(Subject(settings, frozenset(url.port for url in urls if url.port)))


def _in_language(message: Message) -> Message:
    """The message with the messages among its arguments already in the user's language."""
    language = locale_language()
    args = (
        (name, value.text(language) if isinstance(value, Message) else value) for name, value in message.args
    )
    return Message(message.key, tuple(args))
