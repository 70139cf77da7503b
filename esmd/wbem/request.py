"""One attempt at a call, and what every operation needs for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from esmd.auth.principal import Principal
from esmd.wbem import changes
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.repository import Repository
from esmd.wbem.results import Call, View
from esmd.wbem.source import Group, Sought, Source
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.schema import Class


class NeedsReadingError(Exception):
    """Sources must be read first, and that may block; then the operation is attempted again.

    Attributes:
        sought: what their readings may have left out.
    """

    def __init__(self, sources: Sequence[Source], sought: Sequence[Sought] = ()) -> None:
        super().__init__(sources, sought)
        self.sources = sources
        self.sought = sought


@dataclass(frozen=True, slots=True)
class Request:
    """A call of a principal; `ready` are the sources that were read for it, and what was sought."""

    call: Call
    principal: Principal
    repository: Repository
    enumerations: Enumerations
    ready: frozenset[Source | Sought]
    used: list[Source] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.call.namespace

    def argument(self, name: str) -> Any:
        return self.call.arguments.get(name)

    def is_true(self, name: str) -> bool:
        return self.call.arguments.get(name) is True

    def names(self) -> frozenset[str] | None:
        """The PropertyList, in lower case; None for all (X16)."""
        listed = self.argument("propertylist")
        return None if listed is None else lower(listed)

    def view(self, cls: Class | None = None) -> View:
        """PropertyList, IncludeClassOrigin, and with `cls` DeepInheritance, as one view."""
        names = self.names()
        if cls is not None and self.argument("deepinheritance") is False:
            declared = frozenset(cls.properties)
            names = declared if names is None else names & declared
        return View(names, self.is_true("includeclassorigin"))

    def fresh(self, sources: Sequence[Source]) -> None:
        """Makes sure that the readings of sources are fresh.

        Raises:
            NeedsReadingError: with those that have to be read by somebody who may wait.
        """
        self.used.extend(sources)
        late = self.repository.stale(source for source in sources if source not in self.ready)
        if late:
            raise NeedsReadingError(late)

    def find(self, path: Path) -> tuple[Source, int]:
        """The source and row of an existing instance; INVALID_CLASS or NOT_FOUND."""
        self.repository.cls(self.namespace, path.classname)
        self.look_for(path)
        return changes.find(self.repository, self.namespace, path)

    def look_for(self, path: Path) -> None:
        """Makes sure that the instance is there if there is one."""
        source = self.repository.source(self.namespace, path.classname)
        if source is not None:
            self.present(source, path)

    def present(self, source: Source, path: Path) -> None:
        """Makes sure that an instance of a source is there if there is one."""
        self.fresh([source])
        if source.provider.find is not None and source.group.find(path) is None:
            self._seek(Sought(source, path))

    def linked(self, link: Source, end: Path) -> None:
        """Makes sure that the instances of an association in which `end` stands are there."""
        self.fresh([link])
        if link.provider.refer is not None:
            self._seek(Sought(link, end, referring=True))

    def _seek(self, sought: Sought) -> None:
        if sought not in self.ready:
            raise NeedsReadingError((), (sought,))

    def locate(self, path: Path) -> tuple[Group, int]:
        """An existing instance, of an association too; INVALID_CLASS or NOT_FOUND."""
        joined = self.repository.associations(self.namespace, path.classname)
        if not any(each.classname.lower() == path.classname.lower() for each in joined):
            source, number = self.find(path)
            return source.group, number
        for group in self.groups(path.classname):
            row = group.find(path) if group.cls.name.lower() == path.classname.lower() else None
            if row is not None:
                return group, row
        raise CIMError.of(Status.NOT_FOUND, "cim.no-instance", path=path)

    def groups(self, classname: str) -> list[Group]:
        """All instances of a class and its subclasses, associations among them."""
        repository, namespace = self.repository, self.namespace
        sources = repository.family(namespace, classname)
        joined = repository.associations(namespace, classname)
        ends = [source for a in joined for _, at_end in repository.ends(a) for source in at_end]
        self.fresh([*sources, *ends])
        return [*(source.group for source in sources), *(repository.joined(a) for a in joined)]


def lower(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
