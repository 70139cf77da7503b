"""Monitoring as a client sees it: properties of the instance, ModifyInstance, SetThresholds.

A provider knows nothing of thresholds; here it is given the properties and the changes that the monitor has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from indications.thresholds import CLASSES
from indications.wrong import InputError
from openesm.cim.errors import CIMError, Status
from openesm.cim.provider import MethodResult, Provider, Row
from openesm.host import Host

COMPLETED, NOT_SUPPORTED, FAILED, INVALID_PARAMETER = 0, 1, 2, 5


class Settings(Protocol):
    """What the monitor offers of one class's elements."""

    def shown(self, classname: str, element: str, row: Row) -> Row: ...

    def change(self, classname: str, element: str, wanted: Mapping[str, object]) -> None: ...

    def restore(self, classname: str, element: str) -> None: ...


def monitored(provider: Provider[Any], settings: Settings) -> Provider[Any]:
    """The provider with monitoring; any other class as it is."""
    if provider.classname not in CLASSES:
        return provider
    classname, element_of = provider.classname, provider.element

    def instance(element: Any) -> Row:
        row = provider.instance(element)
        return {**row, **settings.shown(classname, element_of(element), row)}

    def modify(_host: Host, element: Any, changes: Row) -> None:
        if provider.instance(element).get("Monitorable") is False:
            raise CIMError.of(Status.NOT_SUPPORTED, "cim.not-monitorable", name=element_of(element))
        try:
            settings.change(classname, element_of(element), changes)
        except InputError as wrong:
            raise CIMError(Status.INVALID_PARAMETER, wrong.message) from wrong

    def set_thresholds(_host: Host, element: Any, given: Row) -> MethodResult:
        if provider.instance(element).get("Monitorable") is False:
            return MethodResult(NOT_SUPPORTED)
        wanted = {name: value for name, value in given.items() if value is not None}
        try:
            settings.change(classname, element_of(element), wanted)
        except InputError:
            return MethodResult(INVALID_PARAMETER)
        return MethodResult(COMPLETED)

    def restore(_host: Host, element: Any, _given: Row) -> MethodResult:
        settings.restore(classname, element_of(element))
        return MethodResult(COMPLETED)

    methods = {"SetThresholds": set_thresholds, "RestoreDefaultThresholds": restore}
    if classname == "ESM_StorageThread":
        methods = {}
    return replace(provider, instance=instance, modify=modify, methods={**provider.methods, **methods})
