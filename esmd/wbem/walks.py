"""Association operations, on instances and on classes (DSP0200 5.4.2.14 to 5.4.2.17)."""

from __future__ import annotations

from collections.abc import Sequence

from esmd.wbem.association import Walk, associators, class_associators, class_references, references
from esmd.wbem.request import Request
from esmd.wbem.results import Classes, ClassNames, Instances, Paths
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.schema import Class


def associated(request: Request) -> Instances | Classes:
    """Associators."""
    target = request.argument("objectname")
    if isinstance(target, str):
        return _by_value(
            request, class_associators(request.repository, request.namespace, target, _walk(request))
        )
    return associated_instances(request, target)


def associated_names(request: Request) -> Paths | ClassNames:
    """AssociatorNames."""
    target = request.argument("objectname")
    if isinstance(target, str):
        return _by_name(
            request, class_associators(request.repository, request.namespace, target, _walk(request))
        )
    return _paths(associated_instances(request, target))


def referring(request: Request) -> Instances | Classes:
    """References."""
    target = request.argument("objectname")
    if isinstance(target, str):
        return _by_value(
            request, class_references(request.repository, request.namespace, target, _walk(request))
        )
    return referring_instances(request, target)


def referring_names(request: Request) -> Paths | ClassNames:
    """ReferenceNames."""
    target = request.argument("objectname")
    if isinstance(target, str):
        return _by_name(
            request, class_references(request.repository, request.namespace, target, _walk(request))
        )
    return _paths(referring_instances(request, target))


def associated_instances(request: Request, target: Path) -> Instances:
    path = _existing(request, target)
    groups = associators(request.repository, request.namespace, path, _walk(request), request.fresh)
    return Instances(groups, request.view(), request.namespace)


def referring_instances(request: Request, target: Path) -> Instances:
    path = _existing(request, target)
    groups = references(request.repository, request.namespace, path, _walk(request), request.fresh)
    return Instances(groups, request.view(), request.namespace)


def _walk(request: Request) -> Walk:
    names = ("assocclass", "resultclass", "role", "resultrole")
    return Walk(*(request.argument(name) or "" for name in names))


def _existing(request: Request, target: Path) -> Path:
    """The path of an instance as it is in the repository; an unknown class is a bad parameter here."""
    if target.classname not in request.repository.namespace(request.namespace):
        raise CIMError.of(
            Status.INVALID_PARAMETER, "cim.no-such-class", parameter="ObjectName", name=target.classname
        )
    group, number = request.locate(target)
    return group.path(group.rows[number])


def _paths(found: Instances) -> Paths:
    return Paths(found.groups, found.namespace)


def _by_name(request: Request, classes: Sequence[Class]) -> ClassNames:
    return ClassNames([cls.name for cls in classes], request.namespace, with_paths=True)


def _by_value(request: Request, classes: Sequence[Class]) -> Classes:
    return Classes(
        classes,
        request.namespace,
        request.names(),
        qualifiers=request.is_true("includequalifiers"),
        class_origin=request.is_true("includeclassorigin"),
        with_paths=True,
    )
