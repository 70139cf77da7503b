"""The instances that the server knows: rows of providers, completed by the schema, kept while fresh.

A provider is read when somebody asks and the last reading is older than `freshness_s`. When a new reading
equals the old one the old `Group` stays, so that what was made from it (text of an answer) stays good too.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from esmd.wbem.source import ALIASES, INTEROP, Group, Sought, Source
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path, normal_namespace
from openesm.cim.provider import Association, Provider, Row
from openesm.cim.schema import Class, Namespace, Schema
from openesm.cim.values import Value
from openesm.host import Host

SPELLINGS = {"interop": "interop", "root/pg_interop": "root/PG_InterOp", INTEROP: INTEROP}
READ_LIMIT_S = 15.0

log = logging.getLogger("openesm.provider")


class Repository:
    """All namespaces, classes and instances.

    Args:
        schema: the compiled schema.
        providers: of classes and associations; each class must be in the schema of its namespace.
        host: the machine that providers read.
        freshness_s: a reading older than this is not shown.
    """

    def __init__(
        self,
        schema: Schema,
        providers: Iterable[Provider[Any] | Association],
        host: Host,
        freshness_s: float = 1.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = host
        self._schema = schema
        self._freshness_s = freshness_s
        self._now = now
        self._sources: dict[tuple[str, str], Source] = {}
        self._associations: dict[tuple[str, str], Association] = {}
        for provider in providers:
            namespace = normal_namespace(provider.namespace)
            cls = schema.namespaces[namespace].get(provider.classname)
            if cls is None:
                raise LookupError(f"{provider.namespace}:{provider.classname}")
            key = namespace, cls.name.lower()
            if isinstance(provider, Association):
                self._associations[key] = provider
            else:
                self._sources[key] = Source(provider, cls, self._constants(cls))

    def _constants(self, cls: Class) -> Row:
        system = {"systemcreationclassname": "CIM_ComputerSystem", "systemname": self.host.system_name}
        system |= {"cscreationclassname": "CIM_ComputerSystem", "csname": self.host.system_name}
        constants: dict[str, Value] = {}
        for key, prop in cls.properties.items():
            if key in system:
                constants[prop.name] = system[key]
            elif key == "creationclassname":
                constants[prop.name] = cls.name
            elif prop.default is not None:
                constants[prop.name] = prop.default
        return constants

    # -- names

    def namespace(self, name: str) -> Namespace:
        """The namespace by any of its names; INVALID_NAMESPACE when there is none."""
        key = self.canonical(name)
        found = self._schema.namespaces.get(key)
        if found is None:
            raise CIMError.of(Status.INVALID_NAMESPACE, "cim.no-namespace", name=name)
        return found

    def canonical(self, name: str) -> str:
        """A namespace's one name in lower case; an alias becomes what it stands for."""
        key = normal_namespace(name)
        return ALIASES.get(key, key)

    def spelling(self, name: str) -> str:
        """How paths in an answer spell the namespace that a client called `name`."""
        key = normal_namespace(name)
        return SPELLINGS.get(key) or self._schema.namespaces[key].name

    def namespaces(self) -> list[str]:
        return [namespace.name for namespace in self._schema.namespaces.values()]

    def cls(self, namespace: str, classname: str) -> Class:
        """The class; INVALID_CLASS when the namespace has none of that name."""
        found = self.namespace(namespace).get(classname)
        if found is None:
            raise CIMError.of(Status.INVALID_CLASS, "cim.no-class", name=classname)
        return found

    # -- instances

    def source(self, namespace: str, classname: str) -> Source | None:
        return self._sources.get((self.canonical(namespace), classname.lower()))

    def family(self, namespace: str, classname: str) -> list[Source]:
        """The sources of a class and its subclasses."""
        where = self.canonical(namespace)
        names = [classname, *self.namespace(namespace).descendants(classname)]
        return [self._sources[where, n.lower()] for n in names if (where, n.lower()) in self._sources]

    def measured(self) -> list[Source]:
        """The sources whose provider measures something."""
        return [source for source in self._sources.values() if source.provider.metrics]

    def served(self) -> list[str]:
        """Names of the classes that have a provider."""
        return [source.cls.name for source in self._sources.values()]

    def associations(self, namespace: str, classname: str = "") -> list[Association]:
        """The association providers of a class and its subclasses; all of the namespace for ""."""
        where = self.canonical(namespace)
        found = [a for (space, _), a in self._associations.items() if space == where]
        if not classname:
            return found
        space = self.namespace(namespace)
        names = {classname.lower(), *(name.lower() for name in space.descendants(classname))}
        return [a for a in found if a.classname.lower() in names]

    def links(self, namespace: str, classname: str = "") -> list[Source]:
        """The sources of association classes whose instances are made one by one."""
        where = self.canonical(namespace)
        return [
            source
            for (space, _), source in self._sources.items()
            if space == where and source.cls.is_association and (not classname or source.cls.isa(classname))
        ]

    def stale(self, sources: Iterable[Source]) -> list[Source]:
        """Those whose reading is too old; what can be read without waiting is read at once."""
        oldest = self._now() - self._freshness_s
        late = []
        for source in sources:
            if source.taken < oldest or source.version is not source.provider.version():
                if source.provider.may_block:
                    late.append(source)
                else:
                    self._read_now(source)
        return late

    def _read_now(self, source: Source) -> None:
        source.version = source.provider.version()
        try:
            elements, rows = source.read(self.host)
        except Exception as failed:
            raise self._failed(source, failed) from failed
        source.keep(elements, rows, self._now(), self._freshness_s)

    async def seek(self, sought: Iterable[Sought]) -> None:
        """Asks providers for what their readings may have left out.

        Raises:
            CIMError: FAILED when one fails, or does not answer within `READ_LIMIT_S`.
        """
        await asyncio.wait_for(asyncio.gather(*map(self._seek, sought)), READ_LIMIT_S)

    async def _seek(self, sought: Sought) -> None:
        source = sought.source
        try:
            found = await in_thread(lambda: source.seek(self.host, sought), source.cls.name)
        except Exception as failed:
            raise self._failed(source, failed) from failed
        source.add(sought, found, self._now())

    async def refresh(self, sources: Iterable[Source]) -> None:
        """Reads sources that may block, each in a thread of its own; one reading at a time for each.

        Raises:
            CIMError: FAILED when one cannot be read, or not within `READ_LIMIT_S`.
        """
        waits = [asyncio.shield(self._reading(source)) for source in sources]
        await asyncio.wait_for(asyncio.gather(*waits), READ_LIMIT_S)

    def _reading(self, source: Source) -> asyncio.Future[None]:
        if source.pending is None or source.pending.done():
            source.pending = asyncio.ensure_future(self._read_in_thread(source))
        return source.pending

    async def _read_in_thread(self, source: Source) -> None:
        source.version = source.provider.version()
        try:
            elements, rows = await in_thread(lambda: source.read(self.host), source.cls.name)
        except Exception as failed:
            raise self._failed(source, failed) from failed
        source.keep(elements, rows, self._now(), self._freshness_s)

    def invalidate(self, source: Source) -> None:
        """After a change: the next request reads anew."""
        source.taken = float("-inf")
        source.forget()

    def _failed(self, source: Source, failed: Exception) -> CIMError:
        if isinstance(failed, CIMError):
            return failed
        if not source.failing:
            source.failing = True
            log.error("provider of %s failed", source.cls.name, exc_info=failed)
        return CIMError.of(Status.FAILED, "cim.provider-failed", name=source.cls.name)

    # -- associations

    def ends(self, association: Association) -> list[tuple[str, list[Source]]]:
        """The two roles of an association with the sources of the instances on each."""
        return [
            (role, [source for name in names for source in self._end(association, name)])
            for role, names in association.ends
        ]

    def _end(self, association: Association, name: str) -> list[Source]:
        namespace, colon, classname = name.rpartition(":")
        return self.family(namespace if colon else association.namespace, classname)

    def joined(self, association: Association) -> Group:
        """All instances of an association."""
        cls = self.cls(association.namespace, association.classname)
        (first, lefts), (second, rights) = self.ends(association)
        rows: list[Row] = [
            {first: left, second: right}
            for left in _paths(lefts)
            for right in _paths(rights)
            if left.identity != right.identity
        ]
        return Group(cls, association.namespace, rows)


def _paths(sources: Iterable[Source]) -> list[Path]:
    return [source.group.path(row) for source in sources for row in source.group.rows]


async def in_thread(work: Callable[[], Any], name: str) -> Any:
    """Runs `work` in a daemon thread of its own: one that never ends holds up nothing but its caller.

    The context variables are the caller's.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as failed:
            error = failed
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            log.debug("%s ended after the server", name)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name=f"read {name}", daemon=True).start()
    return await done
