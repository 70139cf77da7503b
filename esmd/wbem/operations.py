"""The operations of DSP0200 5.4, on the repository, in no protocol's clothes.

`perform` decides in the order that the standard gives to errors: rights, support, namespace, parameters,
class, instance. What it needs from providers that may block is read first, then it is attempted again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from esmd.audit import Audit
from esmd.auth import access
from esmd.auth.principal import Principal
from esmd.wbem import changes, pulls, reads, walks
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.repository import Repository
from esmd.wbem.request import NeedsReadingError, Request
from esmd.wbem.results import Call, Instances, Paths, Result
from esmd.wbem.signatures import REQUIRED
from esmd.wbem.source import Group, Sought, Source
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import Instance, TypedValue

KEPT_RESULTS = 64
KEPT_OPERATIONS = frozenset(
    {
        "EnumerateInstances",
        "EnumerateInstanceNames",
        "GetInstance",
        "ExecQuery",
        "Associators",
        "AssociatorNames",
        "References",
        "ReferenceNames",
    }
)


@dataclass(slots=True)
class _Kept:
    """A result, good as long as the sources that it was read from have the same groups.

    Attributes:
        is_plain: it shows these groups, all of them and nothing else, so that others can take their place.
    """

    result: Result
    sources: tuple[Source, ...]
    groups: tuple[Group, ...]
    is_plain: bool

    @classmethod
    def of(cls, result: Result, used: Sequence[Source]) -> _Kept:
        sources = tuple(used)
        groups = tuple(source.group for source in sources)
        shown = result.groups if isinstance(result, Instances | Paths) else ()
        return cls(result, sources, groups, groups == tuple(shown))

    def fresh(self, repository: Repository) -> Result | None:
        """The result as it is now; None where the operation has to be done again."""
        if repository.stale(self.sources):
            return None
        groups = tuple([source.group for source in self.sources])
        if groups != self.groups:
            if not self.is_plain or not isinstance(self.result, Instances | Paths):
                return None
            self.groups = groups
            self.result = replace(self.result, groups=groups)
        return self.result


Handler = Callable[[Request], Result | Awaitable[Result]]


class Operations:
    """Carries calls out for principals.

    Args:
        audit: told of every refusal for lack of rights and of every change.
    """

    def __init__(self, repository: Repository, enumerations: Enumerations, audit: Audit) -> None:
        self._repository = repository
        self._enumerations = enumerations
        self._audit = audit
        self._kept: OrderedDict[Call, _Kept] = OrderedDict()

    def perform(self, call: Call, principal: Principal) -> Result | Awaitable[Result]:
        """The result, or an awaitable of it where something has to be waited for.

        Raises:
            CIMError: (also from the awaitable) the operation is refused.
        """
        kept = self._kept.get(call)
        if kept is not None:
            self.permit(call, principal)
            result = kept.fresh(self._repository)
            if result is not None:
                return result
        try:
            return self._attempt(call, principal, frozenset())
        except NeedsReadingError as needs:
            return self._read_and_perform(call, principal, needs)

    async def _read_and_perform(self, call: Call, principal: Principal, needs: NeedsReadingError) -> Result:
        ready: set[Source | Sought] = set()
        while True:
            try:
                await self._repository.refresh(needs.sources)
                await self._repository.seek(needs.sought)
            except TimeoutError:
                slow = [*needs.sources, *(sought.source for sought in needs.sought)]
                names = ", ".join(source.cls.name for source in slow)
                raise CIMError.of(Status.FAILED, "cim.provider-slow", name=names) from None
            ready.update(needs.sources, needs.sought)
            try:
                result = self._attempt(call, principal, frozenset(ready))
            except NeedsReadingError as more:
                needs = more
                continue
            return await result if isinstance(result, Awaitable) else result

    def _attempt(
        self, call: Call, principal: Principal, ready: frozenset[Source | Sought]
    ) -> Result | Awaitable[Result]:
        self.permit(call, principal)
        handler = HANDLERS.get(call.name) if call.target is None else _invoke
        if handler is None:
            raise CIMError.of(Status.NOT_SUPPORTED, "cim.no-operation", name=call.name)
        self._repository.namespace(call.namespace)
        if call.problem is not None:
            raise call.problem
        for name in REQUIRED.get(call.name, ()) if call.target is None else ():
            if call.arguments.get(name) is None:
                raise CIMError.of(
                    Status.INVALID_PARAMETER, "cim.missing-parameter", name=name, operation=call.name
                )
        request = Request(call, principal, self._repository, self._enumerations, ready)
        result = handler(request)
        if call.name in KEPT_OPERATIONS and request.used and not isinstance(result, Awaitable):
            self._keep(call, _Kept.of(result, request.used))
        return self._change(call, principal, result) if isinstance(result, Awaitable) else result

    def _keep(self, call: Call, kept: _Kept) -> None:
        self._kept[call] = kept
        if len(self._kept) > KEPT_RESULTS:
            self._kept.popitem(last=False)

    def permit(self, call: Call, principal: Principal) -> None:
        """Refuses with ACCESS_DENIED, and in the audit log, who has no right to a call."""
        operation = call.name if call.target is None else access.ANY_METHOD
        try:
            access.require(principal, operation)
            if principal.namespaces:
                access.require_namespace(principal, operation, self._repository.canonical(call.namespace))
        except CIMError:
            self._tell("access-denied", call, principal)
            raise

    async def _change(self, call: Call, principal: Principal, change: Awaitable[Result]) -> Result:
        """Only what changes something has to be waited for."""
        result = await change
        self.tell_change(call, principal)
        return result

    def tell_change(self, call: Call, principal: Principal) -> None:
        """Puts a change into the audit log."""
        self._tell("change", call, principal)

    def _tell(self, kind: str, call: Call, principal: Principal) -> None:
        self._audit.event(
            kind, user=principal.name, source=principal.source, operation=call.name, target=_target_of(call)
        )


def _target_of(call: Call) -> str:
    """What a call is about, for the audit log."""
    names = ("instancename", "modifiedinstance", "newinstance")
    named = call.target or next((call.arguments[n] for n in names if n in call.arguments), "")
    if isinstance(named, Instance):
        named = named.path or named.classname
    return f"{call.namespace}:{named}"


def _create(request: Request) -> Awaitable[Result]:
    return changes.create(request.repository, request.call)


def _modify(request: Request) -> Awaitable[Result]:
    modified: Instance = request.argument("modifiedinstance")
    assert modified.path is not None
    request.find(modified.path)
    return changes.modify(request.repository, request.call, modified.path, modified.properties)


def _set_property(request: Request) -> Awaitable[Result]:
    path, name = request.argument("instancename"), request.argument("propertyname")
    request.find(path)
    change = {name: request.argument("newvalue") or TypedValue(None)}
    call = Call(request.call.name, request.namespace, {"propertylist": [name]})
    return changes.modify(request.repository, call, path, change)


def _delete(request: Request) -> Awaitable[Result]:
    request.find(request.argument("instancename"))
    return changes.delete(request.repository, request.call)


def _invoke(request: Request) -> Awaitable[Result]:
    target = request.call.target
    if isinstance(target, Path) and request.repository.source(request.namespace, target.classname):
        request.look_for(target)
    return changes.invoke(request.repository, request.call)


HANDLERS: Mapping[str, Handler] = {
    "GetClass": reads.get_class,
    "EnumerateClasses": reads.enumerate_classes,
    "EnumerateClassNames": reads.enumerate_class_names,
    "GetQualifier": reads.get_qualifier,
    "EnumerateQualifiers": reads.enumerate_qualifiers,
    "GetInstance": reads.get_instance,
    "EnumerateInstances": reads.enumerate_instances,
    "EnumerateInstanceNames": reads.enumerate_instance_names,
    "GetProperty": reads.get_property,
    "SetProperty": _set_property,
    "CreateInstance": _create,
    "ModifyInstance": _modify,
    "DeleteInstance": _delete,
    "ExecQuery": reads.exec_query,
    "Associators": walks.associated,
    "AssociatorNames": walks.associated_names,
    "References": walks.referring,
    "ReferenceNames": walks.referring_names,
    **dict.fromkeys(pulls.OPENERS, pulls.open_enumeration),
    **dict.fromkeys(pulls.PULLS, pulls.pull),
    "CloseEnumeration": pulls.close,
    "EnumerationCount": pulls.count,
}
