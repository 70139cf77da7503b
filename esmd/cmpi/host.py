"""Answers the C bridge: each operation is carried out on the same providers, in whatever thread asks.

A provider that may block is read on a loop of its own, so that it holds up nobody but its caller.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from esmd.auth.authenticator import admitted
from esmd.cmpi import form, wire
from esmd.cmpi.form import RowWriter, WireError
from esmd.cmpi.upcalls import SENDER
from esmd.cmpi.wire import Operation, Request
from esmd.wbem.operations import Operations
from esmd.wbem.results import Call, Created, Instances, Paths, Result, Returned
from esmd.wbem.source import Group
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import TypedValue, Value
from openesm.text import Language

KEPT_GROUPS, KEPT_CALLS = 64, 64
LIMIT_S = 30.0

log = logging.getLogger("openesm.cmpi")


class CmpiHost:
    """One process's worth of providers.

    Args:
        operations: of the WBEM server, which needs no server for them.
        language: of the reasons of errors.
        more: answers requests that are no operations.
    """

    def __init__(
        self,
        operations: Operations,
        language: Language,
        more: Mapping[Operation, Callable[[Request], bytes]],
    ) -> None:
        self._operations = operations
        self._language: Language = language
        self._more = more
        self._lock = threading.RLock()
        self._calls: OrderedDict[tuple[object, ...], Call] = OrderedDict()
        self._kept: OrderedDict[tuple[int, frozenset[str] | None, bool], tuple[Group, list[bytes]]]
        self._kept = OrderedDict()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="openesm cmpi", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the loop that providers which may block are read on; nothing is to be asked afterwards."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def answer(self, data: bytes) -> bytes:
        """The answer to a request of the bridge; never raises."""
        try:
            return self.reply(wire.read_request(data))
        except WireError as wrong:
            return wire.refused(int(Status.FAILED), str(wrong))

    def reply(self, request: Request) -> bytes:
        """The answer to a request; never raises."""
        SENDER.set(request.number)
        try:
            if request.operation in self._more:
                return self._more[request.operation](request)
            return self._written(request, self._perform(request))
        except CIMError as refused:
            return wire.refused(int(refused.status), refused.text(self._language))
        except Exception as failed:  # the CIMOM must live on, whatever a provider does
            log.exception("a request failed")
            return wire.refused(int(Status.FAILED), f"{type(failed).__name__}: {failed}")

    def _perform(self, request: Request) -> Result:
        call, user = self._call(request), admitted(request.user)
        with self._lock:
            result = self._operations.perform(call, user)
        if not isinstance(result, Awaitable):
            return result
        waited = asyncio.run_coroutine_threadsafe(_locked(result, self._lock), self.loop)
        try:
            return waited.result(LIMIT_S)
        except TimeoutError:
            waited.cancel()
            raise CIMError.of(Status.FAILED, "cim.provider-slow", name=request.path.classname) from None

    def _call(self, request: Request) -> Call:
        """The same for the same question, so that its result can be kept."""
        made = _CALLS[request.operation](request)
        if request.operation in _CHANGES:
            return made
        key = request.operation, request.path.identity, request.properties, request.words
        with self._lock:
            call = self._calls.setdefault(key, made)
            if len(self._calls) > KEPT_CALLS:
                self._calls.popitem(last=False)
            return call

    # -- answers

    def _written(self, request: Request, result: Result) -> bytes:
        if isinstance(result, Instances | Paths):
            names = result.view.names if isinstance(result, Instances) else None
            only = request.path.classname.lower() if request.operation in _OF_CLASS else ""
            items = [
                each
                for group in result.groups
                if not only or group.cls.name.lower() == only
                for each in self._items(group, names, with_values=isinstance(result, Instances))
            ]
            return wire.answer(items)
        if isinstance(result, Created):
            return wire.answer([form.item(form.path(result.path, request.path.namespace))])
        if isinstance(result, Returned):
            return wire.answer([], _returned(result))
        return wire.answer([])

    def _items(self, group: Group, names: frozenset[str] | None, *, with_values: bool) -> Sequence[bytes]:
        """What was written of a group is good for as long as the server gives the same group."""
        key = id(group), names, with_values
        kept = self._kept.get(key)
        if kept is None:
            items = list(_items(group, RowWriter(group.cls, names) if with_values else None))
            with self._lock:
                kept = self._kept[key] = group, items
                if len(self._kept) > KEPT_GROUPS:
                    self._kept.popitem(last=False)
        return kept[1]


def _items(group: Group, writer: RowWriter | None) -> Iterable[bytes]:
    for row in group.rows:
        named = form.path(group.path(row), group.namespace)
        yield form.item(named, None if writer is None else writer.write(row))


def _returned(result: Returned) -> bytes:
    out: list[tuple[str, bytes]] = []
    for name, given in result.result.out.items():
        cim_type, is_array = result.out_types[name]
        out.append((name, form.value(given, cim_type, is_array=is_array)))
    return form.value(result.result.value, result.type) + form.named_values(out)


class _Locked:
    """Awaits something, each of its steps while a lock is held."""

    def __init__(self, work: Awaitable[Result], lock: threading.RLock) -> None:
        self._work = work
        self._lock = lock

    def __await__(self) -> Generator[Any, Any, Result]:
        steps = self._work.__await__()
        while True:
            with self._lock:
                try:
                    waits_for = next(steps)
                except StopIteration as done:
                    result: Result = done.value
                    return result
            yield waits_for


async def _locked(work: Awaitable[Result], lock: Any) -> Result:
    return await _Locked(work, lock)


# -- requests as calls

_OF_CLASS = frozenset({Operation.ENUMERATE_INSTANCE_NAMES, Operation.ENUMERATE_INSTANCES})
_CHANGES = frozenset(
    {
        Operation.CREATE_INSTANCE,
        Operation.MODIFY_INSTANCE,
        Operation.DELETE_INSTANCE,
        Operation.INVOKE_METHOD,
    }
)


def _simple(name: str, parameter: str) -> Callable[[Request], Call]:
    def call(request: Request) -> Call:
        about: Path | str = request.path if parameter != "classname" else request.path.classname
        arguments: dict[str, Any] = {parameter: about, **_listed(request)}
        if name == "EnumerateInstances":
            arguments["deepinheritance"] = True
        if name == "GetInstance":
            arguments["localonly"] = False
        return Call(name, request.path.namespace, arguments)

    return call


def _listed(request: Request) -> dict[str, Any]:
    return {} if request.properties is None else {"propertylist": list(request.properties)}


def _walk(name: str, parameters: Sequence[str]) -> Callable[[Request], Call]:
    def call(request: Request) -> Call:
        given = {key: word for key, word in zip(parameters, request.words, strict=True) if word}
        arguments = {"objectname": request.path, **given, **_listed(request)}
        return Call(name, request.path.namespace, arguments)

    return call


def _create(request: Request) -> Call:
    return Call("CreateInstance", request.path.namespace, {"newinstance": request.instance})


def _modify(request: Request) -> Call:
    """A CIMOM may give the path with the instance, or without its keys."""
    given = request.instance
    assert given is not None
    modified = type(given)(given.classname, given.properties, request.path)
    return Call("ModifyInstance", request.path.namespace, {"modifiedinstance": modified, **_listed(request)})


def _query(request: Request) -> Call:
    query, language = request.words
    return Call("ExecQuery", request.path.namespace, {"query": query, "querylanguage": language})


def _invoke(request: Request) -> Call:
    (method,) = request.words
    arguments: dict[str, TypedValue | Value] = {k.lower(): v for k, v in request.arguments.items()}
    target: Path | str = request.path if request.path.keys else request.path.classname
    return Call(str(method), request.path.namespace, arguments, target)


_ASSOCIATORS = ("assocclass", "resultclass", "role", "resultrole")
_CALLS: dict[Operation, Callable[[Request], Call]] = {
    Operation.ENUMERATE_INSTANCE_NAMES: _simple("EnumerateInstanceNames", "classname"),
    Operation.ENUMERATE_INSTANCES: _simple("EnumerateInstances", "classname"),
    Operation.GET_INSTANCE: _simple("GetInstance", "instancename"),
    Operation.CREATE_INSTANCE: _create,
    Operation.MODIFY_INSTANCE: _modify,
    Operation.DELETE_INSTANCE: _simple("DeleteInstance", "instancename"),
    Operation.EXEC_QUERY: _query,
    Operation.ASSOCIATORS: _walk("Associators", _ASSOCIATORS),
    Operation.ASSOCIATOR_NAMES: _walk("AssociatorNames", _ASSOCIATORS),
    Operation.REFERENCES: _walk("References", ("resultclass", "role")),
    Operation.REFERENCE_NAMES: _walk("ReferenceNames", ("resultclass", "role")),
    Operation.INVOKE_METHOD: _invoke,
}
