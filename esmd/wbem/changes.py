"""Operations that change something: instances created, modified, deleted, and methods invoked.

What is wrong is refused before the provider is asked, as a whole; the provider then runs in a worker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from esmd.wbem.repository import Repository, in_thread
from esmd.wbem.results import Call, Created, Nothing, Result, Returned
from esmd.wbem.source import Source, as_key
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import MethodResult, Row
from openesm.cim.schema import Class, Parameter, Property
from openesm.cim.values import DateTime, Instance, Scalar, TypedValue, Value, parse_scalar

CHANGE_LIMIT_S = 60.0

log = logging.getLogger("openesm.provider")


def coerce(typed: TypedValue, declared: Property | Parameter) -> Value:
    """A client's value in the declared type.

    Raises:
        CIMError: TYPE_MISMATCH when it has another type, INVALID_PARAMETER when it does not read as one.
    """
    if typed.value is None:
        return None
    if typed.is_array != declared.is_array or (typed.type and typed.type != declared.type):
        raise _mismatch(declared)
    items = typed.value if isinstance(typed.value, list | tuple) else (typed.value,)
    kind = Path if declared.type == "reference" else Instance if declared.embedded else None
    if any(
        item is not None and isinstance(item, kind or (Path, Instance)) is not bool(kind) for item in items
    ):
        raise _mismatch(declared)
    if typed.type or kind:
        return typed.value
    try:
        if isinstance(typed.value, list | tuple):
            return [_scalar(item, declared.type) for item in typed.value]
        return _scalar(typed.value, declared.type)
    except ValueError:
        raise CIMError.of(
            Status.INVALID_PARAMETER, "cim.bad-value", name=declared.name, type=declared.type
        ) from None


def _mismatch(declared: Property | Parameter) -> CIMError:
    return CIMError.of(Status.TYPE_MISMATCH, "cim.type-mismatch", name=declared.name, type=declared.type)


def _scalar(value: Value, cim_type: str) -> Scalar | Instance | Path | None:
    if value is None or isinstance(value, Instance | Path):
        return value
    return parse_scalar(str(value), cim_type)


def create(repository: Repository, call: Call) -> Awaitable[Result]:
    new: Instance = call.arguments["newinstance"]
    cls = repository.cls(call.namespace, new.classname)
    source = repository.source(call.namespace, cls.name)
    if source is None or source.provider.create is None:
        raise CIMError.of(Status.NOT_SUPPORTED, "cim.not-creatable", name=cls.name)
    values = {
        prop.name: coerce(typed, prop)
        for name, typed in new.properties.items()
        if (prop := _property(cls, name, Status.INVALID_PARAMETER))
    }
    hook = source.provider.create

    async def work() -> Result:
        keys: Row = await _ask(source, lambda: hook(repository.host, {**source.constants, **values}))
        repository.invalidate(source)
        bindings = {name: as_key(keys[name]) for name in cls.keys}
        path = Path.of(cls.name, bindings, source.provider.namespace)
        return Created(path)

    return work()


def modify(
    repository: Repository, call: Call, path: Path, changes: Mapping[str, TypedValue]
) -> Awaitable[Result]:
    """ModifyInstance and SetProperty.

    A client may send back all that it read: only what is another value than now is changed. Without a
    PropertyList what is not writable is left out, unless nothing else was changed.
    """
    source, number = find(repository, call.namespace, path)
    cls, row = source.cls, source.group.rows[number]
    listed = call.arguments.get("propertylist")
    wanted = None if listed is None else {name.lower() for name in listed}
    values: dict[str, Value] = {}
    locked = ""
    for name, typed in changes.items():
        if wanted is not None and name.lower() not in wanted:
            continue
        prop = _property(cls, name, Status.NO_SUCH_PROPERTY)
        value = coerce(typed, prop)
        if _is_same(value, row.get(prop.name)):
            continue
        if prop.is_writable:
            values[prop.name] = value
        else:
            if wanted is not None or prop.is_key:
                raise CIMError.of(Status.INVALID_PARAMETER, "cim.read-only", name=prop.name)
            locked = locked or prop.name
    if locked and not values:
        raise CIMError.of(Status.INVALID_PARAMETER, "cim.read-only", name=locked)
    hook = source.provider.modify
    if hook is None:
        raise CIMError.of(Status.NOT_SUPPORTED, "cim.not-modifiable", name=cls.name)
    element = source.group.elements[number]

    async def work() -> Result:
        if values:
            await _ask(source, lambda: hook(repository.host, element, values))
        repository.invalidate(source)
        return Nothing()

    return work()


def _is_same(value: Value, current: Value) -> bool:
    if isinstance(current, datetime | timedelta):
        current = DateTime.of(current)
    if isinstance(value, list | tuple) and isinstance(current, list | tuple):
        return list(value) == list(current)
    return value == current


def delete(repository: Repository, call: Call) -> Awaitable[Result]:
    source, number = find(repository, call.namespace, call.arguments["instancename"])
    hook = source.provider.delete
    if hook is None:
        raise CIMError.of(Status.NOT_SUPPORTED, "cim.not-deletable", name=source.cls.name)
    element = source.group.elements[number]

    async def work() -> Result:
        await _ask(source, lambda: hook(repository.host, element))
        repository.invalidate(source)
        return Nothing()

    return work()


def invoke(repository: Repository, call: Call) -> Awaitable[Result]:
    target = call.target
    assert target is not None
    classname = target.classname if isinstance(target, Path) else target
    cls = repository.cls(call.namespace, classname)
    method = cls.methods.get(call.name.lower())
    if method is None:
        raise CIMError.of(Status.METHOD_NOT_FOUND, "cim.no-method", name=call.name, cls=cls.name)
    given = _in_parameters(call, method.parameters)
    source = repository.source(call.namespace, cls.name)
    hook = source.provider.methods.get(method.name) if source else None
    if source is None or hook is None:
        raise CIMError.of(Status.METHOD_NOT_AVAILABLE, "cim.method-not-available", name=method.name)
    static = "static" in method.qualifiers and method.qualifiers["static"].value is True
    if not isinstance(target, Path) and not static:
        raise CIMError.of(Status.INVALID_PARAMETER, "cim.not-static", name=method.name)
    element: Any = None
    if isinstance(target, Path):
        _, number = find(repository, call.namespace, target)
        element = source.group.elements[number]

    async def work() -> Result:
        result: MethodResult = await _ask(source, lambda: hook(repository.host, element, given))
        repository.invalidate(source)
        out = {p.name: (p.type, p.is_array) for p in method.parameters if p.is_out}
        return Returned(method.name, method.type, result, out)

    return work()


def _in_parameters(call: Call, declared: tuple[Parameter, ...]) -> Row:
    known = {parameter.name.lower(): parameter for parameter in declared if parameter.is_in}
    values: dict[str, Value] = {}
    for name, typed in call.arguments.items():
        parameter = known.get(name)
        if parameter is None:
            raise CIMError.of(Status.INVALID_PARAMETER, "cim.no-parameter", name=name, operation=call.name)
        try:
            values[parameter.name] = coerce(typed, parameter)
        except CIMError as mismatch:
            raise CIMError(Status.INVALID_PARAMETER, mismatch.reason) from None
    return values


def find(repository: Repository, namespace: str, path: Path) -> tuple[Source, int]:
    """The source and the row that a path names; NOT_FOUND when there is none."""
    cls = repository.cls(namespace, path.classname)
    source = repository.source(namespace, cls.name)
    number = source.group.find(path) if source else None
    if source is None or number is None:
        raise CIMError.of(Status.NOT_FOUND, "cim.no-instance", path=path)
    return source, number


def _property(cls: Class, name: str, status: Status) -> Property:
    prop = cls.properties.get(name.lower())
    if prop is None:
        raise CIMError.of(status, "cim.no-property", name=name, cls=cls.name)
    return prop


async def _ask(source: Source, work: Callable[[], Any]) -> Any:
    try:
        return await asyncio.wait_for(in_thread(work, source.cls.name), CHANGE_LIMIT_S)
    except CIMError:
        raise
    except TimeoutError:
        raise CIMError.of(Status.FAILED, "cim.provider-slow", name=source.cls.name) from None
    except Exception as failed:
        log.error("provider of %s failed", source.cls.name, exc_info=failed)
        raise CIMError.of(Status.FAILED, "cim.provider-failed", name=source.cls.name) from failed
