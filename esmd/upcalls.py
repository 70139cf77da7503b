"""What the agent does for providers of others: operations on its classes, indications to its managers."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from datetime import UTC, datetime

from esmd.auth.authenticator import admitted
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.results import Call, Created, Instances, Paths, Result, Returned
from esmd.wbem.source import Group
from indications.alert import Occasion, raised_alert
from indications.instance import raised
from openesm.cim.errors import CIMError, Status
from openesm.cim.provider import NAMESPACE
from openesm.cim.values import DateTime, Instance, TypedValue
from openesm.model import Alert
from providers.others.broker import Outcome, Upcall

LIMIT_S = 60.0
USER = "provider"

Publish = Callable[[Alert], Future[int]]


class Upcalls:
    """The host of providers in this process; asked from threads of theirs, never on the event loop.

    Until `serve` it refuses, so that a provider may have it before the agent is complete.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve(
        self,
        operations: Operations,
        repository: Repository,
        publish: Publish,
        occasion: Callable[[], Occasion],
    ) -> None:
        """From now on it answers; called on the event loop."""
        self._operations = operations
        self._repository = repository
        self._publish = publish
        self._occasion = occasion
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        self._loop = None

    def perform(self, upcall: Upcall) -> Outcome:
        loop = self._loop
        if loop is None or _is_on(loop):
            raise CIMError.of(Status.FAILED, "providers.other-not-served")
        arguments = {name: value for name, value in upcall.arguments.items() if value is not None}
        call = Call(upcall.name, upcall.namespace or NAMESPACE, arguments, upcall.target)
        waiting = asyncio.run_coroutine_threadsafe(self._carry_out(call), loop)
        try:
            return waiting.result(LIMIT_S)
        except TimeoutError:
            waiting.cancel()
            raise CIMError.of(Status.FAILED, "cim.provider-slow", name=upcall.name) from None

    async def _carry_out(self, call: Call) -> Outcome:
        result = self._operations.perform(call, admitted(USER))
        return _outcome(await result if isinstance(result, Awaitable) else result)

    def deliver(self, namespace: str, indication: Instance) -> None:
        if self._loop is None:
            raise CIMError.of(Status.FAILED, "providers.other-not-served")
        cls = self._repository.cls(namespace or NAMESPACE, indication.classname)
        if not cls.isa("CIM_Indication"):
            raise CIMError.of(
                Status.INVALID_PARAMETER, "subscription.not-an-indication", name=cls.name, namespace=namespace
            )
        at = DateTime.of(datetime.now(UTC))
        try:
            made = raised(cls, indication, str(uuid.uuid4()), at)
        except (TypeError, ValueError, OverflowError) as wrong:
            raise CIMError.of(Status.INVALID_PARAMETER, "cim.provider-wrong") from wrong
        try:
            self._publish(raised_alert(made, self._occasion())).result(LIMIT_S)
        except (sqlite3.Error, TimeoutError) as failed:
            raise CIMError(Status.FAILED, str(failed)) from failed

    def is_subclass(self, namespace: str, superclass: str, subclass: str) -> bool:
        found = self._repository.namespace(namespace or NAMESPACE).get(subclass)
        return found is not None and found.isa(superclass)


def _is_on(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _outcome(result: Result) -> Outcome:
    if isinstance(result, Instances):
        names = result.view.names
        return Outcome(instances=[each for group in result.groups for each in _instances(group, names)])
    if isinstance(result, Paths):
        return Outcome(paths=[group.path(row) for group in result.groups for row in group.rows])
    if isinstance(result, Created):
        return Outcome(paths=[result.path])
    if isinstance(result, Returned):
        out = {name: TypedValue(value, *result.out_types[name]) for name, value in result.result.out.items()}
        return Outcome(returned=TypedValue(result.result.value, result.type), out=out)
    return Outcome()


def _instances(group: Group, names: frozenset[str] | None) -> list[Instance]:
    shown = [prop for key, prop in group.cls.properties.items() if names is None or key in names]
    return [
        Instance(
            group.cls.name,
            {prop.name: TypedValue(row.get(prop.name), prop.type, prop.is_array) for prop in shown},
            group.path(row),
        )
        for row in group.rows
    ]
