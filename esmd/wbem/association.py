"""Walking associations: from an instance, or a class, to what is associated with it (DSP0200 5.4.2.14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from esmd.wbem.repository import Repository
from esmd.wbem.source import Group, Source
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import Association
from openesm.cim.schema import Class, Property


class Reading(Protocol):
    """Sees to it that what is walked over was read; raises where somebody has to wait for that."""

    def fresh(self, sources: Sequence[Source]) -> None:
        """The readings of these."""

    def present(self, source: Source, path: Path) -> None:
        """An instance of a source."""

    def linked(self, link: Source, end: Path) -> None:
        """The instances of an association class in which `end` stands."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The parameters of an association operation; "" does not restrict."""

    assoc_class: str = ""
    result_class: str = ""
    role: str = ""
    result_role: str = ""


def _matches(wanted: str, role: str) -> bool:
    return not wanted or wanted.lower() == role.lower()


def associators(
    repository: Repository, namespace: str, source: Path, walk: Walk, reading: Reading
) -> list[Group]:
    """The instances at the other ends of the associations of `source`."""
    _check_class(repository, namespace, walk.assoc_class, "AssocClass")
    _check_class(repository, namespace, walk.result_class, "ResultClass")
    found: list[Group] = []
    seen: set[tuple[str, str]] = set()
    for _, others in _ends_of(repository, namespace, source, walk, walk.assoc_class, reading):
        for other in others:
            key = other.provider.namespace.lower(), other.cls.name.lower()
            if key in seen or (walk.result_class and not other.cls.isa(walk.result_class)):
                continue
            seen.add(key)
            group = other.group
            keep = [n for n, row in enumerate(group.rows) if group.path(row).identity != source.identity]
            found.append(group if len(keep) == len(group.rows) else group.only(keep))
    return [*found, *_linked(repository, namespace, source, walk, reading)]


def references(
    repository: Repository, namespace: str, source: Path, walk: Walk, reading: Reading
) -> list[Group]:
    """The association instances that refer to `source`."""
    found: list[Group] = []
    _check_class(repository, namespace, walk.result_class, "ResultClass")
    for association, _ in _ends_of(repository, namespace, source, walk, walk.result_class, reading):
        group = repository.joined(association)
        own = [role for role, _ in association.ends if _matches(walk.role, role)]
        hits = [
            number
            for number, row in enumerate(group.rows)
            if any(isinstance(end := row[role], Path) and end.identity == source.identity for role in own)
        ]
        if hits and all(group.cls is not known.cls for known in found):
            found.append(group.only(hits))
    for link in repository.links(namespace, walk.result_class):
        if not _may_stand(repository, namespace, link, source, walk.role):
            continue
        reading.linked(link, source)
        rows = [number for number, _ in _links_of(link, source, walk.role, "")]
        if rows:
            found.append(link.group.only(rows))
    return found


def _linked(
    repository: Repository, namespace: str, source: Path, walk: Walk, reading: Reading
) -> Iterator[Group]:
    """What is tied to `source` by associations whose instances are made one by one."""
    for link in repository.links(namespace, walk.assoc_class):
        if not _may_stand(repository, namespace, link, source, walk.role):
            continue
        reading.linked(link, source)
        for _, other in _links_of(link, source, walk.role, walk.result_role):
            end = repository.source(other.namespace or namespace, other.classname)
            if end is None or (walk.result_class and not end.cls.isa(walk.result_class)):
                continue
            reading.present(end, other)
            number = end.group.find(other)
            if number is not None:
                yield end.group.only([number])


def _may_stand(repository: Repository, namespace: str, link: Source, path: Path, role: str) -> bool:
    """Whether an instance is of a class that an association refers to: nobody else is asked about it."""
    cls = repository.namespace(path.namespace or namespace).get(path.classname)
    ends = [prop.reference_class for prop in link.cls.references() if _matches(role, prop.name)]
    return cls is None or any(cls.isa(end) for end in ends)


def _links_of(link: Source, source: Path, role: str, other_role: str) -> Iterator[tuple[int, Path]]:
    """The rows of an association in which `source` stands, each with the path at its other end."""
    names = [prop.name for prop in link.cls.references()]
    for number, row in enumerate(link.group.rows):
        for own in names:
            path = row[own]
            if not _matches(role, own) or not isinstance(path, Path):
                continue
            if replace(path, namespace=path.namespace or link.provider.namespace).identity != source.identity:
                continue
            for other in names:
                there = row[other]
                if other != own and _matches(other_role, other) and isinstance(there, Path):
                    yield number, there


def _ends_of(
    repository: Repository, namespace: str, source: Path, walk: Walk, assoc_class: str, reading: Reading
) -> Iterator[tuple[Association, list[Source]]]:
    """Each association in which `source` stands, with the sources at the end away from it."""
    for association in repository.associations(namespace, assoc_class):
        ends = repository.ends(association)
        for (role, own), (other_role, others) in (ends, ends[::-1]):
            if not _matches(walk.role, role) or not _matches(walk.result_role, other_role):
                continue
            if any(candidate.cls.name.lower() == source.classname.lower() for candidate in own):
                reading.fresh([*own, *others])
                if any(_holds(candidate, source) for candidate in own):
                    yield association, others


def _holds(candidate: Source, path: Path) -> bool:
    same = candidate.cls.name.lower() == path.classname.lower()
    return same and candidate.group.find(path) is not None


def _check_class(repository: Repository, namespace: str, classname: str, parameter: str) -> None:
    if classname and classname not in repository.namespace(namespace):
        raise CIMError.of(Status.INVALID_PARAMETER, "cim.no-such-class", parameter=parameter, name=classname)


def class_associators(repository: Repository, namespace: str, classname: str, walk: Walk) -> list[Class]:
    """The classes that the schema ties to a class by an association."""
    space = repository.namespace(namespace)
    found: dict[str, Class] = {}
    for _, _, other in _class_ends(repository, namespace, classname, walk, walk.assoc_class):
        for name in (other.reference_class, *space.descendants(other.reference_class)):
            cls = space.get(name)
            if cls is not None and (not walk.result_class or cls.isa(walk.result_class)):
                found[name.lower()] = cls
    return list(found.values())


def class_references(repository: Repository, namespace: str, classname: str, walk: Walk) -> list[Class]:
    """The association classes that refer to a class."""
    ends = _class_ends(repository, namespace, classname, walk, walk.result_class)
    return list({cls.name: cls for cls, _, _ in ends}.values())


def _class_ends(
    repository: Repository, namespace: str, classname: str, walk: Walk, assoc_class: str
) -> Iterator[tuple[Class, Property, Property]]:
    space = repository.namespace(namespace)
    _check_class(repository, namespace, assoc_class, "AssocClass")
    _check_class(repository, namespace, walk.result_class, "ResultClass")
    target = space.get(classname)
    if target is None:
        raise CIMError.of(
            Status.INVALID_PARAMETER, "cim.no-such-class", parameter="ObjectName", name=classname
        )
    for cls in space.classes():
        if not cls.is_association or (assoc_class and not cls.isa(assoc_class)):
            continue
        ends = list(cls.references())
        for own in ends:
            if not target.isa(own.reference_class) or not _matches(walk.role, own.name):
                continue
            for other in ends:
                if other is not own and _matches(walk.result_role, other.name):
                    yield cls, own, other
