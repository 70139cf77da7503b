"""Pulled operations: the result of a plain one, handed out in parts (DSP0200 5.4.2.24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from esmd.wbem.enumeration import Kind
from esmd.wbem.reads import Candidate, enumerate_instance_names, enumerate_instances, filtered, queried
from esmd.wbem.request import Request
from esmd.wbem.results import Count, Instances, Nothing, Paths, Pulled
from esmd.wbem.walks import associated_instances, referring_instances
from openesm.cim.errors import CIMError, Status
from subscription.query import Query, parse, parse_filter


def open_enumeration(request: Request) -> Pulled:
    """Any Open… operation."""
    if request.is_true("continueonerror"):
        raise CIMError.of(Status.CONTINUATION_ON_ERROR_NOT_SUPPORTED, "cim.continue-on-error")
    timeout_s = request.enumerations.timeout(request.argument("operationtimeout"))
    most = request.enumerations.count(request.argument("maxobjectcount"))
    kind, plain = OPENERS[request.call.name]
    accepts = None if kind == "query" else _filter(request)
    content = plain(request)
    if accepts is not None:
        content = replace(content, groups=filtered(content.groups, accepts))
    begun = request.enumerations.begin(
        request.principal.name, _where(request), kind, content, most, timeout_s
    )
    if request.is_true("returnqueryresultclass"):
        cls = request.repository.cls(request.namespace, _query(request).classname)
        return replace(begun, result_class=cls)
    return begun


def pull(request: Request) -> Pulled:
    return request.enumerations.pull(
        request.principal.name,
        _where(request),
        PULLS[request.call.name],
        request.argument("enumerationcontext"),
        request.enumerations.count(request.argument("maxobjectcount")),
    )


def close(request: Request) -> Nothing:
    request.enumerations.close(
        request.principal.name, _where(request), request.argument("enumerationcontext")
    )
    return Nothing()


def count(request: Request) -> Count:
    return Count(
        request.enumerations.remaining(
            request.principal.name, _where(request), request.argument("enumerationcontext")
        )
    )


def _where(request: Request) -> str:
    return request.repository.canonical(request.namespace)


def _query(request: Request) -> Query:
    return parse(request.argument("filterquery"), request.argument("filterquerylanguage"))


def _filter(request: Request) -> Callable[[Candidate], bool] | None:
    language, text = request.argument("filterquerylanguage"), request.argument("filterquery")
    if language is None and text is None:
        return None
    if language is None or text is None:
        missing = "FilterQuery" if text is None else "FilterQueryLanguage"
        raise CIMError.of(
            Status.INVALID_PARAMETER, "cim.missing-parameter", name=missing, operation=request.call.name
        )
    return parse_filter(text, language).accepts


def _associators(request: Request) -> Instances:
    return associated_instances(request, request.argument("instancename"))


def _associator_paths(request: Request) -> Paths:
    return Paths(_associators(request).groups, request.namespace)


def _references(request: Request) -> Instances:
    return referring_instances(request, request.argument("instancename"))


def _reference_paths(request: Request) -> Paths:
    return Paths(_references(request).groups, request.namespace)


OPENERS: Mapping[str, tuple[Kind, Callable[[Request], Instances | Paths]]] = {
    "OpenEnumerateInstances": ("instances", enumerate_instances),
    "OpenEnumerateInstancePaths": ("paths", enumerate_instance_names),
    "OpenAssociatorInstances": ("instances", _associators),
    "OpenAssociatorInstancePaths": ("paths", _associator_paths),
    "OpenReferenceInstances": ("instances", _references),
    "OpenReferenceInstancePaths": ("paths", _reference_paths),
    "OpenQueryInstances": ("query", lambda request: queried(request, _query(request))),
}
PULLS: Mapping[str, Kind] = {
    "PullInstancesWithPath": "instances",
    "PullInstancePaths": "paths",
    "PullInstances": "query",
}
