"""Enumerate, Pull and Release (DSP0226 8, wsman.md 7)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from esmd.auth.principal import Principal
from esmd.wbem.reads import Candidate
from esmd.wbem.repository import Repository
from esmd.wbem.results import Instances, Result
from esmd.wbem.source import Group
from esmd.wbem.wsman import pages
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.contexts import IDLE_S, LONGEST_S, Contexts, Cursor
from esmd.wbem.wsman.envelope import Envelope, enumeration_child, local_name, seconds_of
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import (
    ADDRESSING,
    ANONYMOUS,
    ASSOCIATION_DIALECT,
    BINDING,
    CQL_DIALECT,
    ENUMERATE,
    ENUMERATION,
    PULL,
    SELECTOR_DIALECT,
    WQL_DIALECT,
    WSMAN,
    XPATH_DIALECT,
    tag,
)
from esmd.wbem.wsman.pages import Pages
from esmd.wbem.wsman.resources import Resource, path_of, resource_of
from esmd.wbem.wsman.xpath import Condition, condition
from openesm.cim.schema import Class

ELEMENTS_MOST = 10_000
QUERY_LANGUAGES = {WQL_DIALECT: "WQL", CQL_DIALECT: "DMTF:CQL"}
COUNT = "wsman:TotalItemsCountEstimate"


class Enumerating:
    """Carries the three operations out; each gives the action of its answer, its body and more headers."""

    def __init__(self, calls: Calls, repository: Repository) -> None:
        self._calls = calls
        self._repository = repository
        self._pages = Pages()
        self.contexts = Contexts()

    # -- Enumerate

    async def enumerate(self, request: Envelope, principal: Principal) -> tuple[str, str, str]:
        asked = request.content
        if asked is None or asked.tag != tag(ENUMERATION, "Enumerate"):
            raise Fault("wsman:SchemaValidationError")
        end_to = asked.find(f"{tag(ENUMERATION, 'EndTo')}/{tag(ADDRESSING, 'Address')}")
        if end_to is not None and (end_to.text or "").strip() not in ("", ANONYMOUS):
            raise Fault("wsman:UnsupportedFeature", "AddressingMode")
        resource = resource_of(request.resource_uri, request.selectors)
        cursor = await self._cursor(asked, resource, principal)
        optimized = asked.find(tag(WSMAN, "OptimizeEnumeration")) is not None
        if not optimized:
            body = f"<wsen:EnumerationContext>{self.contexts.open(cursor)}</wsen:EnumerationContext>"
            return f"{ENUMERATE}Response", _response("Enumerate", body), _count(request, cursor)
        items = self._take(request, cursor, number_of(asked, "MaxElements", 1))
        content = self._left(cursor, items, "wsman", "")
        return f"{ENUMERATE}Response", _response("Enumerate", content), _count(request, cursor)

    async def _cursor(self, asked: Element, resource: Resource, principal: Principal) -> Cursor:
        mode = _text(asked, WSMAN, "EnumerationMode")
        shape = _text(asked, BINDING, "PolymorphismMode") or pages.INCLUDE
        if mode not in pages.MODES:
            raise Fault("wsman:UnsupportedFeature", "EnumerationMode")
        if shape not in pages.SHAPES:
            raise Fault("wsmb:PolymorphismModeNotSupported")
        groups, names = await self._selected(asked, resource, principal)
        if shape == pages.NONE:
            groups = [g for g in groups if g.cls.name.lower() == resource.classname.lower()]
        total = sum(len(group.rows) for group in groups)
        return Cursor(principal.name, resource, groups, mode, shape, names, total, _idle(asked))

    async def _selected(
        self, asked: Element, resource: Resource, principal: Principal
    ) -> tuple[Sequence[Group], frozenset[str] | None]:
        """What a filter leaves, and the properties that it wants to see."""
        filters = [asked.find(tag(space, "Filter")) for space in (WSMAN, ENUMERATION)]
        given = [each for each in filters if each is not None]
        if len(given) > 1:
            raise Fault("wsen:CannotProcessFilter")
        if not given:
            if resource.is_all:
                raise Fault("wsman:UnsupportedFeature", "FilteringRequired")
            result = await self._calls.enumerate(resource.namespace, resource.classname, principal)
            return _narrowed(_groups(result), resource), None
        return await self._filtered(given[0], resource, principal)

    async def _filtered(
        self, wanted: Element, resource: Resource, principal: Principal
    ) -> tuple[Sequence[Group], frozenset[str] | None]:
        dialect = (wanted.get("Dialect") or XPATH_DIALECT).strip()
        if dialect in QUERY_LANGUAGES:
            query = {"query": "".join(wanted.itertext()).strip(), "querylanguage": QUERY_LANGUAGES[dialect]}
            result = await self._calls.perform("ExecQuery", resource.namespace, query, principal)
            assert isinstance(result, Instances)
            return result.groups, result.view.names
        if dialect == ASSOCIATION_DIALECT:
            return await self._associated(wanted, resource, principal)
        if resource.is_all:
            raise Fault("wsen:CannotProcessFilter")
        if dialect not in (XPATH_DIALECT, SELECTOR_DIALECT):
            raise Fault("wsen:FilterDialectRequestedUnavailable")
        accepts = _selector_condition(wanted) if dialect == SELECTOR_DIALECT else condition(wanted)
        result = await self._calls.enumerate(resource.namespace, resource.classname, principal)
        return [
            group.only(n for n, row in enumerate(group.rows) if accepts(Candidate(group.cls, row)))
            for group in _groups(result)
        ], None

    async def _associated(
        self, wanted: Element, resource: Resource, principal: Principal
    ) -> tuple[Sequence[Group], frozenset[str] | None]:
        """AssociatedInstances and AssociationInstances of DSP0227 9."""
        kind = next(iter(wanted), None)
        source = None if kind is None else kind.find(tag(BINDING, "Object"))
        if kind is None or source is None or local_name(kind) not in _ASSOCIATIONS:
            raise Fault("wsen:CannotProcessFilter")
        path = path_of(source)
        words = {local_name(child): (child.text or "").strip() for child in kind if len(child) == 0}
        properties = [
            (c.text or "").strip().lower() for c in kind.iterfind(tag(BINDING, "IncludeResultProperty"))
        ]
        operation, renamed = _ASSOCIATIONS[local_name(kind)]
        given = {cim: words[name] for name, cim in renamed.items() if words.get(name)}
        arguments = {"objectname": path, **given}
        namespace = path.namespace or resource.namespace
        result = await self._calls.perform(operation, namespace, arguments, principal)
        return _groups(result), frozenset(properties) or None

    # -- Pull, Release

    async def pull(self, request: Envelope, principal: Principal) -> tuple[str, str, str]:
        asked = request.content
        if asked is None or asked.tag != tag(ENUMERATION, "Pull"):
            raise Fault("wsman:SchemaValidationError")
        name = context_of(asked)
        cursor = self.contexts.find(name, principal.name)
        asked_for = resource_of(request.resource_uri, request.selectors) if request.resource_uri else None
        if asked_for is not None and asked_for.classname.lower() != cursor.resource.classname.lower():
            raise Fault("wsa:MessageInformationHeaderRequired")
        items = self._take(request, cursor, number_of(asked, "MaxElements", 1))
        return (
            f"{PULL}Response",
            _response("Pull", self._left(cursor, items, "wsen", name)),
            _count(request, cursor),
        )

    async def release(self, request: Envelope, principal: Principal) -> tuple[str, str, str]:
        asked = request.content
        if asked is None or asked.tag != tag(ENUMERATION, "Release"):
            raise Fault("wsman:SchemaValidationError")
        name = context_of(asked)
        self.contexts.find(name, principal.name)
        self.contexts.close(name)
        return f"{ENUMERATION}/ReleaseResponse", "", ""

    def _take(self, request: Envelope, cursor: Cursor, most: int) -> str:
        return self._pages.take(cursor, most, request.room, self._declared(cursor.resource))

    def _declared(self, resource: Resource) -> Class | None:
        return (
            None
            if resource.is_all
            else self._repository.namespace(resource.namespace).get(resource.classname)
        )

    def _left(self, cursor: Cursor, items: str, prefix: str, name: str) -> str:
        """Items with the context, or with EndOfSequence and none: clients go by the context (wsman.md 7)."""
        content = f"<{prefix}:Items>{items}</{prefix}:Items>"
        if cursor.position < cursor.total:
            kept = name or self.contexts.open(cursor)
            return f"<wsen:EnumerationContext>{kept}</wsen:EnumerationContext>{content}"
        if name:
            self.contexts.close(name)
            return f"{content}<{prefix}:EndOfSequence/>"
        return f"<wsen:EnumerationContext/>{content}<{prefix}:EndOfSequence/>"


_ASSOCIATIONS = {
    "AssociatedInstances": (
        "Associators",
        {
            "AssociationClassName": "assocclass",
            "Role": "role",
            "ResultClassName": "resultclass",
            "ResultRole": "resultrole",
        },
    ),
    "AssociationInstances": ("References", {"ResultClassName": "resultclass", "Role": "role"}),
}


def _groups(result: Result) -> Sequence[Group]:
    assert isinstance(result, Instances)
    return result.groups


def _narrowed(groups: Sequence[Group], resource: Resource) -> Sequence[Group]:
    """Selectors of an Enumerate beyond the namespace pick among the instances."""
    if not resource.keys:
        return groups
    wanted = {name.lower(): value for name, value in resource.keys}

    def fits(group: Group, number: int) -> bool:
        row = {name.lower(): value for name, value in group.rows[number].items()}
        return all(str(row.get(name)) == str(value) for name, value in wanted.items())

    return [group.only(n for n in range(len(group.rows)) if fits(group, n)) for group in groups]


def _selector_condition(wanted: Element) -> Condition:
    """Each Selector is a property and the value that it has to have."""
    selectors = [
        (each.get("Name") or "", (each.text or "").strip()) for each in wanted.iter(tag(WSMAN, "Selector"))
    ]
    if not selectors or not all(name for name, _ in selectors):
        raise Fault("wsen:CannotProcessFilter")
    return lambda candidate: all(_spelled(candidate.value(name)) == value for name, value in selectors)


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _response(name: str, content: str) -> str:
    return f"<wsen:{name}Response>{content}</wsen:{name}Response>"


def _count(request: Envelope, cursor: Cursor) -> str:
    return f"<{COUNT}>{cursor.total}</{COUNT}>" if request.counts else ""


def _text(element: Element, namespace: str, name: str) -> str:
    found = element.find(tag(namespace, name))
    return "" if found is None else (found.text or "").strip()


def context_of(asked: Element | None) -> str:
    """The EnumerationContext of a Pull or Release; "" where there is none."""
    return "" if asked is None else _text(asked, ENUMERATION, "EnumerationContext")


def number_of(asked: Element, name: str, default: int) -> int:
    """A count of elements, within bounds."""
    found = enumeration_child(asked, name)
    if found is None:
        return default
    text = (found.text or "").strip()
    if not text.isascii() or not text.isdigit() or int(text[:10]) == 0:
        raise Fault("wsman:SchemaValidationError")
    return min(int(text[:10]), ELEMENTS_MOST)


def _idle(asked: Element) -> float:
    """How long the context lives between two requests: as asked, within bounds."""
    text = _text(asked, ENUMERATION, "Expires")
    if not text:
        return IDLE_S
    seconds = seconds_of(text)
    if seconds is None or seconds <= 0:
        raise Fault("wsen:InvalidExpirationTime")
    return min(seconds, LONGEST_S)
