"""`env`: what a provider written for cmpi-bindings is given in every call."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pywbem

from openesm.cim.errors import CIMError
from openesm.cim.path import Path
from openesm.cim.values import TypedValue
from providers.others.broker import Broker, Upcall
from providers.others.converting import (
    given_instance,
    given_name,
    given_value,
    taken_instance,
    taken_name,
    taken_value,
)


class Logger:
    """Writes to the host's log."""

    def __init__(self, name: str) -> None:
        log = logging.getLogger(f"openesm.provider.{name}")
        self.log_error, self.log_warn = log.error, log.warning
        self.log_info, self.log_debug = log.info, log.debug
        self.trace_warn, self.trace_info, self.trace_verbose = log.warning, log.info, log.debug


class Environment:
    """The host as a provider sees it; `ctx` has what the host says of the call, like a mapping."""

    def __init__(self, name: str, broker: Broker) -> None:
        self._logger = Logger(name)
        self._handle = Handle(broker)
        self.ctx: Mapping[str, object] = {}

    def get_logger(self) -> Logger:
        return self._logger

    def get_cimom_handle(self) -> Handle:
        return self._handle


class Handle:
    """Operations of the host, under the names that they have there; errors are pywbem's CIMError."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    # -- instances

    def EnumerateInstanceNames(self, ns: str, cn: str) -> Iterator[Any]:
        return self._names(ns, "EnumerateInstanceNames", classname=cn)

    def EnumerateInstances(self, ns: str, cn: str, props: Any = None) -> Iterator[Any]:
        return self._instances(ns, "EnumerateInstances", classname=cn, propertylist=props)

    def GetInstance(self, path: Any, props: Any = None) -> Any:
        found = self._instances(
            path.namespace, "GetInstance", instancename=taken_name(path), propertylist=props
        )
        instance = next(iter(found))
        instance.path = path
        return instance

    def CreateInstance(self, inst: Any) -> Any:
        new, namespace = taken_instance(inst), inst.path.namespace
        return next(iter(self._names(namespace, "CreateInstance", newinstance=new)))

    def ModifyInstance(self, inst: Any) -> None:
        self._ask(inst.path.namespace, "ModifyInstance", modifiedinstance=taken_instance(inst))

    def DeleteInstance(self, path: Any) -> None:
        self._ask(path.namespace, "DeleteInstance", instancename=taken_name(path))

    # -- associations

    def Associators(
        self,
        path: Any,
        assocClass: str | None = None,
        resultClass: str | None = None,
        role: str | None = None,
        resultRole: str | None = None,
        props: Any = None,
    ) -> Iterator[Any]:
        walk = _walk(path, assocClass, resultClass, role, resultRole)
        return self._instances(path.namespace, "Associators", propertylist=props, **walk)

    def AssociatorNames(
        self,
        path: Any,
        assocClass: str | None = None,
        resultClass: str | None = None,
        role: str | None = None,
        resultRole: str | None = None,
    ) -> Iterator[Any]:
        walk = _walk(path, assocClass, resultClass, role, resultRole)
        return self._names(path.namespace, "AssociatorNames", **walk)

    def References(
        self,
        path: Any,
        resultClass: str | None = None,
        role: str | None = None,
        props: Any = None,
    ) -> Iterator[Any]:
        asked = {"objectname": taken_name(path), "resultclass": resultClass, "role": role}
        return self._instances(path.namespace, "References", propertylist=props, **asked)

    def ReferenceNames(
        self,
        path: Any,
        resultClass: str | None = None,
        role: str | None = None,
    ) -> Iterator[Any]:
        asked = {"objectname": taken_name(path), "resultclass": resultClass, "role": role}
        return self._names(path.namespace, "ReferenceNames", **asked)

    # -- methods and indications

    def InvokeMethod(self, path: Any, method: str, **params: Any) -> tuple[Any, dict[str, Any]]:
        """The return value, and the output parameters by name."""
        given = {name.lower(): _typed(value) for name, value in params.items()}
        outcome = self._perform(Upcall(method, path.namespace, given, taken_name(path)))
        returned = None if outcome.returned is None else given_value(outcome.returned, path.namespace)
        return returned, {name: given_value(typed, path.namespace) for name, typed in outcome.out.items()}

    def DeliverIndication(self, ns: str, inst: Any) -> None:
        """Tells an indication; what it needs to have is its class's own affair."""
        try:
            self._broker.deliver(ns, taken_instance(inst))
        except CIMError as refused:
            raise _of_pywbem(refused) from refused

    export_indication = DeliverIndication

    def is_subclass(self, ns: str, super: str, sub: str) -> bool:  # noqa: A002
        return self._broker.is_subclass(ns, super, sub)

    # A thread of the provider's own may ask as it is; these are for providers that say so.

    def PrepareAttachThread(self) -> None:
        """Nothing is needed."""

    def AttachThread(self) -> None:
        """Nothing is needed."""

    def DetachThread(self) -> None:
        """Nothing is needed."""

    # -- asking

    def _ask(self, namespace: str, operation: str, **arguments: Any) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        return self._perform(Upcall(operation, namespace, given))

    def _perform(self, upcall: Upcall) -> Any:
        try:
            return self._broker.perform(upcall)
        except CIMError as refused:
            raise _of_pywbem(refused) from refused

    def _instances(self, namespace: str, operation: str, **arguments: Any) -> Iterator[Any]:
        outcome = self._ask(namespace, operation, **arguments)
        return iter([given_instance(each, namespace) for each in outcome.instances])

    def _names(self, namespace: str, operation: str, **arguments: Any) -> Iterator[Any]:
        outcome = self._ask(namespace, operation, **arguments)
        return iter([given_name(each, namespace) for each in outcome.paths])


def _walk(path: Any, *given: str | None) -> dict[str, Any]:
    names = ("assocclass", "resultclass", "role", "resultrole")
    return {"objectname": taken_name(path), **dict(zip(names, given, strict=True))}


def _typed(value: Any) -> TypedValue:
    """An argument with the type that pywbem sees in it; "" where it is a plain number."""
    taken, is_array = taken_value(value), isinstance(value, list | tuple)
    first = taken[0] if isinstance(taken, list | tuple) and taken else taken
    if isinstance(first, Path):
        return TypedValue(taken, "reference", is_array)
    try:
        cim_type = pywbem.cimtype(value)
    except (TypeError, ValueError):
        cim_type = ""
    return TypedValue(taken, cim_type, is_array)


def _of_pywbem(refused: CIMError) -> Any:
    return pywbem.CIMError(int(refused.status), refused.text())
