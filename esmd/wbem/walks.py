"""Association operations, on instances and on classes (DSP0200 5.4.2.14 to 5.4.2.17)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from esmd.wbem.association import Walk, associators, class_associators, class_references, references
from esmd.wbem.repository import Repository
from esmd.wbem.request import Request
from esmd.wbem.results import Classes, ClassNames, Instances, Paths, Result
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.schema import Class


def associated(request: Request) -> Result:
    """Associators."""
    return _walked(request, class_associators, associated_instances)


def associated_names(request: Request) -> Result:
    """AssociatorNames."""
    return _walked(request, class_associators, associated_instances, names_only=True)


def referring(request: Request) -> Result:
    """References."""
    return _walked(request, class_references, referring_instances)


def referring_names(request: Request) -> Result:
    """ReferenceNames."""
    return _walked(request, class_references, referring_instances, names_only=True)


def _walked(
    request: Request,
    of_class: Callable[[Repository, str, str, Walk], Sequence[Class]],
    of_instance: Callable[[Request, Path], Instances],
    *,
    names_only: bool = False,
) -> Result:
    target = request.argument("objectname")
    if isinstance(target, str):
        classes = of_class(request.repository, request.namespace, target, _walk(request))
        return _by_name(request, classes) if names_only else _by_value(request, classes)
    found = of_instance(request, target)
    return Paths(found.groups, found.namespace) if names_only else found


def associated_instances(request: Request, target: Path) -> Instances:
    path = _existing(request, target)
    groups = associators(request.repository, request.namespace, path, _walk(request), request)
    return Instances(groups, request.view(), request.namespace)


def referring_instances(request: Request, target: Path) -> Instances:
    path = _existing(request, target)
    groups = references(request.repository, request.namespace, path, _walk(request), request)
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
