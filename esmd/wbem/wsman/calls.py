"""Calls of the WBEM server's operations, kept so that the same question is known again (wsman.md 7)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from esmd.auth.principal import Principal
from esmd.wbem.operations import Operations
from esmd.wbem.results import Call, Result
from esmd.wbem.wsman.fault import fault_of
from openesm.cim.errors import CIMError
from openesm.cim.path import Path

KEPT = 64


class Calls:
    """Performs operations; a question asked before is the same `Call`, whose result the server may keep."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._kept: OrderedDict[tuple[str, str, str], Call] = OrderedDict()

    async def enumerate(self, namespace: str, classname: str, principal: Principal) -> Result:
        """EnumerateInstances with all properties of each instance's own class."""
        key = "EnumerateInstances", namespace, classname
        call = self._kept.get(key)
        if call is None:
            call = self._kept[key] = Call(
                key[0], namespace, {"classname": classname, "deepinheritance": True}
            )
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return await self._perform(call, principal)

    async def perform(
        self, name: str, namespace: str, arguments: Mapping[str, Any], principal: Principal
    ) -> Result:
        return await self._perform(Call(name, namespace, arguments), principal)

    async def invoke(
        self,
        method: str,
        namespace: str,
        target: Path | str,
        arguments: Mapping[str, Any],
        principal: Principal,
    ) -> Result:
        return await self._perform(Call(method, namespace, arguments, target), principal)

    def permit(self, call: Call, principal: Principal) -> None:
        """A fault for who has no right to a call."""
        try:
            self._operations.permit(call, principal)
        except CIMError as refused:
            raise fault_of(refused) from refused

    async def change(self, call: Call, principal: Principal, work: Callable[[], object]) -> None:
        """Makes, in a thread, a change that is no operation: with the rights and the audit log of `call`."""
        self.permit(call, principal)
        try:
            await asyncio.to_thread(work)
        except CIMError as refused:
            raise fault_of(refused) from refused
        self._operations.tell_change(call, principal)

    async def _perform(self, call: Call, principal: Principal) -> Result:
        try:
            result = self._operations.perform(call, principal)
            return await result if isinstance(result, Awaitable) else result
        except CIMError as refused:
            raise fault_of(refused) from refused
