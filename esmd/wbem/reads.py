"""Operations that read classes, qualifiers, instances and properties (DSP0200 5.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esmd.wbem.request import Request, lower
from esmd.wbem.results import (
    Classes,
    ClassNames,
    Instances,
    Paths,
    PropertyValue,
    QualifierTypes,
    View,
)
from esmd.wbem.source import Group
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.schema import Class
from subscription.query import Query, parse


def get_class(request: Request) -> Classes:
    name: str = request.argument("classname")
    cls = request.repository.namespace(request.namespace).get(name)
    if cls is None:
        raise CIMError.of(Status.NOT_FOUND, "cim.no-class", name=name)
    return _classes(request, [cls], request.names())


def enumerate_classes(request: Request) -> Classes:
    return _classes(request, _subclasses(request))


def enumerate_class_names(request: Request) -> ClassNames:
    return ClassNames([cls.name for cls in _subclasses(request)], request.namespace)


def _subclasses(request: Request) -> list[Class]:
    namespace = request.repository.namespace(request.namespace)
    top = request.argument("classname") or ""
    if top:
        request.repository.cls(request.namespace, top)
    deep = request.is_true("deepinheritance")
    names = namespace.descendants(top) if deep else namespace.children(top)
    return [cls for name in names if (cls := namespace.get(name)) is not None]


def _classes(request: Request, classes: Sequence[Class], names: frozenset[str] | None = None) -> Classes:
    return Classes(
        classes,
        request.namespace,
        names,
        local_only=request.argument("localonly") is not False,
        qualifiers=request.argument("includequalifiers") is not False,
        class_origin=request.is_true("includeclassorigin"),
    )


def get_qualifier(request: Request) -> QualifierTypes:
    name: str = request.argument("qualifiername")
    found = request.repository.namespace(request.namespace).qualifier_types.get(name.lower())
    if found is None:
        raise CIMError.of(Status.NOT_FOUND, "cim.no-qualifier", name=name)
    return QualifierTypes([found])


def enumerate_qualifiers(request: Request) -> QualifierTypes:
    return QualifierTypes(list(request.repository.namespace(request.namespace).qualifier_types.values()))


def get_instance(request: Request) -> Instances:
    path: Path = request.argument("instancename")
    group, number = request.locate(path)
    return Instances([group.only([number])], request.view(group.cls), request.namespace, single=True)


def enumerate_instances(request: Request) -> Instances:
    cls = request.repository.cls(request.namespace, request.argument("classname"))
    return Instances(request.groups(cls.name), request.view(cls), request.namespace)


def enumerate_instance_names(request: Request) -> Paths:
    cls = request.repository.cls(request.namespace, request.argument("classname"))
    return Paths(request.groups(cls.name), request.namespace)


def get_property(request: Request) -> PropertyValue:
    path, name = request.argument("instancename"), request.argument("propertyname")
    group, number = request.locate(path)
    prop = group.cls.properties.get(name.lower())
    if prop is None:
        raise CIMError.of(Status.NO_SUCH_PROPERTY, "cim.no-property", name=name, cls=group.cls.name)
    return PropertyValue(prop, group.rows[number].get(prop.name))


# -- queries


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row as the query languages look at it."""

    cls: Class
    row: Mapping[str, Any]

    def value(self, name: str) -> Any:
        prop = self.cls.properties.get(name.lower())
        return None if prop is None else self.row.get(prop.name)

    def isa(self, classname: str) -> bool:
        return self.cls.isa(classname)


def filtered(groups: Sequence[Group], accepts: Callable[[Candidate], bool]) -> list[Group]:
    """The groups with the rows that are accepted."""
    return [
        group.only(n for n, row in enumerate(group.rows) if accepts(Candidate(group.cls, row)))
        for group in groups
    ]


def exec_query(request: Request) -> Instances:
    return queried(request, parse(request.argument("query"), request.argument("querylanguage")))


def queried(request: Request, query: Query) -> Instances:
    """The instances that a query selects."""
    cls = request.repository.cls(request.namespace, query.classname)
    query.check(cls)
    groups = filtered(request.groups(cls.name), query.accepts)
    names = None if query.select is None else lower(query.select)
    return Instances(groups, View(names), request.namespace)
