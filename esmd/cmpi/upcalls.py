"""What a foreign CIMOM does for providers of others: operations, indications, and telling of filters."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import replace

from esmd.activations import Activations, Indicating
from esmd.cmpi import wire
from esmd.cmpi.form import WireError
from esmd.cmpi.wire import Operation, Request
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import NAMESPACE
from openesm.cim.values import Instance
from providers.others.broker import Outcome, Upcall

SENDER: ContextVar[int] = ContextVar("number of the request that is answered", default=0)

Ask = Callable[[int, bytes], bytes]  # the bridge: for the sender of which request, what; the answer


class CimomBroker:
    """The CIMOM; asked from any thread.

    In a thread that answers a request it is asked for the sender of that, else for the provider itself.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def perform(self, upcall: Upcall) -> Outcome:
        told = self._told(_WRITERS["" if upcall.target else upcall.name](upcall))
        return Outcome(told.instances, told.paths, told.returned, told.out)

    def deliver(self, namespace: str, indication: Instance) -> None:
        about = Path(indication.classname, (), namespace or NAMESPACE)
        self._told(wire.asked(Operation.DELIVER, about, instance=replace(indication, path=about)))

    def is_subclass(self, namespace: str, superclass: str, subclass: str) -> bool:
        about = Path(subclass, (), namespace or NAMESPACE)
        return bool(self._told(wire.asked(Operation.IS_A, about, words=(superclass,))).paths)

    def _told(self, request: bytes) -> wire.Told:
        try:
            return wire.read_told(self._ask(SENDER.get(), request))
        except WireError as wrong:
            raise CIMError(Status.FAILED, str(wrong)) from wrong


def _of_class(operation: Operation) -> Callable[[Upcall], bytes]:
    def write(upcall: Upcall) -> bytes:
        about = Path(upcall.arguments["classname"], (), upcall.namespace)
        return wire.asked(operation, about, properties=upcall.arguments.get("propertylist"))

    return write


def _of_instance(operation: Operation) -> Callable[[Upcall], bytes]:
    def write(upcall: Upcall) -> bytes:
        about = upcall.arguments["instancename"]
        return wire.asked(operation, about, properties=upcall.arguments.get("propertylist"))

    return write


def _with_instance(operation: Operation, name: str) -> Callable[[Upcall], bytes]:
    def write(upcall: Upcall) -> bytes:
        given: Instance = upcall.arguments[name]
        about = given.path or Path(given.classname, (), upcall.namespace)
        listed = tuple(given.properties)
        return wire.asked(operation, about, properties=listed, instance=replace(given, path=about))

    return write


def _walk(operation: Operation, names: Iterable[str]) -> Callable[[Upcall], bytes]:
    def write(upcall: Upcall) -> bytes:
        words = [upcall.arguments.get(name) for name in names]
        listed = upcall.arguments.get("propertylist")
        return wire.asked(operation, upcall.arguments["objectname"], properties=listed, words=words)

    return write


def _invoke(upcall: Upcall) -> bytes:
    assert upcall.target is not None
    words, given = (upcall.name,), upcall.arguments
    return wire.asked(Operation.INVOKE_METHOD, upcall.target, words=words, arguments=given)


_ASSOCIATORS = ("assocclass", "resultclass", "role", "resultrole")
_REFERENCES = ("resultclass", "role")
_WRITERS: dict[str, Callable[[Upcall], bytes]] = {
    "": _invoke,
    "EnumerateInstances": _of_class(Operation.ENUMERATE_INSTANCES),
    "EnumerateInstanceNames": _of_class(Operation.ENUMERATE_INSTANCE_NAMES),
    "GetInstance": _of_instance(Operation.GET_INSTANCE),
    "DeleteInstance": _of_instance(Operation.DELETE_INSTANCE),
    "CreateInstance": _with_instance(Operation.CREATE_INSTANCE, "newinstance"),
    "ModifyInstance": _with_instance(Operation.MODIFY_INSTANCE, "modifiedinstance"),
    "Associators": _walk(Operation.ASSOCIATORS, _ASSOCIATORS),
    "AssociatorNames": _walk(Operation.ASSOCIATOR_NAMES, _ASSOCIATORS),
    "References": _walk(Operation.REFERENCES, _REFERENCES),
    "ReferenceNames": _walk(Operation.REFERENCE_NAMES, _REFERENCES),
}


class Filters:
    """The filters that the CIMOM has activated for classes of providers of others."""

    def __init__(self, indicating: Iterable[Indicating]) -> None:
        self._active: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._activations = Activations(indicating, lambda: list(self._active))

    def activate(self, request: Request) -> bytes:
        """A filter more; CIMError where a provider refuses it."""
        query = request.words[0] or "", request.path.classname
        self._activations.permit(*query, request.user)
        self._count(query, 1)
        return wire.answer([])

    def deactivate(self, request: Request) -> bytes:
        query = request.words[0] or "", request.path.classname
        self._count(query, -1)
        return wire.answer([])

    def _count(self, query: tuple[str, str], step: int) -> None:
        with self._lock:
            self._active[query] += step
            self._active = +self._active
            self._activations.follow()
