"""What all commands of the control socket need: arguments, refusals, and a store that may fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from esmd.audit import Audit
from esmd.auth.principal import Principal
from esmd.service import Arguments, Command, RefusedError
from openesm.cim.errors import CIMError
from openesm.store import StoreError
from openesm.text import Message

T = TypeVar("T")
Told = dict[str, object]

STORE_S = 10.0


def required_text(args: Arguments, name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise refusal("bad-argument", name=name)
    return value


def refusal(name: str, /, **args: object) -> RefusedError:
    return RefusedError(Message(f"commands.{name}", tuple(args.items())))


def audited(audit: Audit, name: str, command: Command) -> Command:
    """A command that is told to the audit log each time it is given, done or refused."""

    def work(principal: Principal, args: Arguments) -> object:
        audit.event("command", user=principal.name, command=name, args=dict(args))
        return command(principal, args)

    return work


@contextmanager
def store_failures() -> Iterator[None]:
    """Tells that the store did not take a change."""
    try:
        yield
    except (sqlite3.Error, StoreError, CIMError, TimeoutError) as failed:
        reason = failed.text() if isinstance(failed, CIMError) else str(failed) or type(failed).__name__
        raise refusal("store-failed", reason=reason) from failed


def committed(future: Future[T]) -> T:
    """What the store's writer made of it; waits for the commit, a few milliseconds."""
    with store_failures():
        return future.result(STORE_S)
