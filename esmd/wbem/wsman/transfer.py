"""Get, Put, Create, Delete, and the invocation of methods (DSP0226 7, DSP0227, wsman.md 6 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from esmd.auth.principal import Principal
from esmd.wbem.repository import Repository
from esmd.wbem.results import Created, Instances, Returned
from esmd.wbem.source import Group
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.envelope import Envelope, Fragment
from esmd.wbem.wsman.fault import NOT_SUPPORTED, UNREACHABLE, Fault
from esmd.wbem.wsman.names import CREATE, DELETE, GET, PUT, WSMAN, XPATH_DIALECT, tag
from esmd.wbem.wsman.resources import Resource, reference_text, resource_of
from esmd.wbem.wsman.values import NIL, Writer, declared_by, scalar_encoder, values_in
from esmd.wbem.wsman.xpath import Part, fragment
from openesm.cim.path import KeyValue, Path
from openesm.cim.schema import Class, Property
from openesm.cim.values import Instance, TypedValue, Value
from openesm.cim.xmltext import attribute, escape

Answer = tuple[str, str, str]  # action, body, more headers
INVALID = ("wxf:InvalidRepresentation", "InvalidValues")


class Transfer:
    """Carries the operations out; each gives the action of its answer, its body and more headers."""

    def __init__(self, calls: Calls, repository: Repository) -> None:
        self._calls = calls
        self._repository = repository

    # -- what a request is about

    def _resource(self, request: Envelope) -> Resource:
        if not request.resource_uri:
            raise Fault(UNREACHABLE, "InvalidResourceURI")
        return resource_of(request.resource_uri, request.selectors)

    def _classes(self, namespace: str) -> Callable[[str], Class | None]:
        """Those of embedded instances."""
        return self._repository.namespace(namespace).get

    def _class(self, resource: Resource) -> Class:
        space = self._repository.canonical(resource.namespace)
        if space not in {self._repository.canonical(name) for name in self._repository.namespaces()}:
            raise Fault(UNREACHABLE, "InvalidResourceURI")
        found = self._repository.namespace(resource.namespace).get(resource.classname)
        if found is None:
            raise Fault(UNREACHABLE, "InvalidResourceURI")
        return found

    def _path(self, resource: Resource) -> Path:
        """The instance that the selectors name; of a subclass where they say so (wsman.md 5)."""
        cls = self._class(resource)
        given = {name.lower(): value for name, value in resource.keys}
        creation = given.get("creationclassname")
        if isinstance(creation, str):
            leaf = self._repository.namespace(resource.namespace).get(creation)
            if leaf is not None and leaf.isa(cls.name):
                cls = leaf
        return Path.of(cls.name, _keys(cls, given), resource.namespace)

    async def _instance(self, path: Path, principal: Principal) -> tuple[Group, int]:
        result = await self._calls.perform(
            "GetInstance", path.namespace, {"instancename": path, "localonly": False}, principal
        )
        assert isinstance(result, Instances)
        return result.groups[0], 0

    # -- operations

    async def get(self, request: Envelope, principal: Principal) -> Answer:
        resource = self._resource(request)
        group, number = await self._instance(self._path(resource), principal)
        if request.fragment is not None:
            return self._fragment(f"{GET}Response", request.fragment, resource, group, number)
        return f"{GET}Response", self._written(resource, group, number), ""

    def _written(self, resource: Resource, group: Group, number: int) -> str:
        """One instance, in the namespace that the client used."""
        uri = resource.uri(group.cls.name)
        return Writer(group.cls, uri, resource.base, group.namespace).write(group.rows[number])

    def _fragment(
        self, action: str, wanted: Fragment, resource: Resource, group: Group, number: int
    ) -> Answer:
        part, prop = _part(wanted, group.cls)
        value = group.rows[number].get(prop.name)
        if part.index is not None:
            value = _items(value, part.index)[part.index - 1]
        shown: dict[str, Value] = {prop.name: value}
        uri, names = resource.uri(group.cls.name), frozenset({prop.name.lower()})
        writer = Writer(group.cls, uri, resource.base, group.namespace, names)
        inner = writer.write(shown).partition(">")[2].rpartition("<")[0]
        if part.is_text:
            inner = "" if value is None else _plain(value, prop.type)
        spaces = f' xmlns:p="{attribute(uri)}"'
        dialect = f' Dialect="{XPATH_DIALECT}"' if wanted.dialect else ""
        header = (
            f'<wsman:FragmentTransfer s:mustUnderstand="true"{dialect}>{escape(wanted.path)}'
            "</wsman:FragmentTransfer>"
        )
        return action, f"<wsman:XmlFragment{spaces}>{inner}</wsman:XmlFragment>", header

    async def put(self, request: Envelope, principal: Principal) -> Answer:
        resource = self._resource(request)
        path = self._path(resource)
        cls = self._repository.cls(path.namespace, path.classname)
        if request.fragment is None:
            changes = self._representation(request, resource, cls)
        else:
            changes = await self._replacement(request.content, request.fragment, path, principal)
        modified = Instance(cls.name, changes, path)
        await self._calls.perform("ModifyInstance", path.namespace, {"modifiedinstance": modified}, principal)
        group, number = await self._instance(path, principal)
        if request.fragment is not None:
            return self._fragment(f"{PUT}Response", request.fragment, resource, group, number)
        return f"{PUT}Response", self._written(resource, group, number), ""

    async def _replacement(
        self, given: Element | None, wanted: Fragment, path: Path, principal: Principal
    ) -> Mapping[str, TypedValue]:
        """The one property that a fragment replaces, or of which it replaces an item (DSP0226 7.9)."""
        group, number = await self._instance(path, principal)
        part, prop = _part(wanted, group.cls)
        if given is None or given.tag != tag(WSMAN, "XmlFragment"):
            raise Fault("wxf:InvalidRepresentation", "MissingValues")
        if part.is_text:
            text, given = given.text, Element("fragment")
            SubElement(given, prop.name).text = text
        values = values_in(given, declared_by([prop]), Fault(*INVALID), self._classes(path.namespace))
        if len(given) == 0 or (part.index is not None and len(given) > 1):
            raise Fault("wxf:InvalidRepresentation", "MissingValues")
        if part.index is None:
            return values
        (typed,) = values.values()
        items = _items(group.rows[number].get(prop.name), part.index)
        items[part.index - 1] = _items(typed.value, 1)[0]
        return {prop.name: TypedValue(items, prop.type, is_array=True)}

    async def create(self, request: Envelope, principal: Principal) -> Answer:
        resource = self._resource(request)
        cls = self._class(resource)
        new = Instance(cls.name, self._representation(request, resource, cls))
        result = await self._calls.perform(
            "CreateInstance", resource.namespace, {"newinstance": new}, principal
        )
        assert isinstance(result, Created)
        reference = reference_text(result.path, resource.base, resource.namespace)
        return f"{CREATE}Response", f"<wxf:ResourceCreated>{reference}</wxf:ResourceCreated>", ""

    async def delete(self, request: Envelope, principal: Principal) -> Answer:
        path = self._path(self._resource(request))
        await self._calls.perform("DeleteInstance", path.namespace, {"instancename": path}, principal)
        return f"{DELETE}Response", "", ""

    def _representation(self, request: Envelope, resource: Resource, cls: Class) -> Mapping[str, TypedValue]:
        """The instance in the body."""
        element = request.content
        if element is None:
            raise Fault("wxf:InvalidRepresentation", "MissingValues")
        classes = self._classes(resource.namespace)
        namespace, _, name = element.tag[1:].rpartition("}")
        if name.lower() not in (cls.name.lower(), resource.classname.lower()):
            raise Fault("wxf:InvalidRepresentation", "InvalidNamespace")
        if namespace.lower() not in (
            resource.uri(cls.name).lower(),
            resource.uri(resource.classname).lower(),
        ):
            raise Fault("wxf:InvalidRepresentation", "InvalidNamespace")
        return values_in(element, declared_by(cls.properties.values()), Fault(*INVALID), classes)

    # -- methods

    async def invoke(self, request: Envelope, principal: Principal) -> Answer:
        resource = self._resource(request)
        uri, _, name = request.action.rpartition("/")
        if uri.lower() != request.resource_uri.strip().lower():
            raise Fault(NOT_SUPPORTED, "ActionMismatch")
        cls = self._class(resource)
        method = cls.methods.get(name.lower())
        if method is None:
            raise Fault(NOT_SUPPORTED)
        declared = {p.name.lower(): (p.type, p.is_array) for p in method.parameters if p.is_in}
        content = request.content
        wrong, classes = Fault("wsman:InvalidParameter"), self._classes(resource.namespace)
        given = {} if content is None else values_in(content, declared, wrong, classes)
        arguments = {key.lower(): value for key, value in given.items()}
        target: Path | str = self._path(resource) if resource.keys else cls.name
        result = await self._calls.invoke(method.name, resource.namespace, target, arguments, principal)
        assert isinstance(result, Returned)
        return f"{request.action}Response", self._output(result, resource, cls), ""

    def _output(self, result: Returned, resource: Resource, cls: Class) -> str:
        pieces = [
            _parameter(name, item, result.out_types[name][0], resource)
            for name, value in result.result.out.items()
            for item in (value if isinstance(value, list | tuple) else [value])
        ]
        pieces.append(_parameter("ReturnValue", result.result.value, result.type, resource))
        name, uri = f"{result.method}_OUTPUT", resource.uri(cls.name)
        return f'<p:{name} xmlns:p="{attribute(uri)}">{"".join(pieces)}</p:{name}>'


def _part(wanted: Fragment, cls: Class) -> tuple[Part, Property]:
    """What a fragment path names in a class."""
    if wanted.dialect not in ("", XPATH_DIALECT):
        raise Fault("wsman:CannotProcessFilter", "FragmentDialectNotSupported")
    part = fragment(wanted.path)
    prop = cls.properties.get(part.name.lower())
    if prop is None:
        raise Fault("wsman:CannotProcessFilter")
    return part, prop


def _items(value: Value, index: int) -> list[Any]:
    """The items of a value, which has at least so many."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if not 0 < index <= len(items):
        raise Fault("wsman:CannotProcessFilter")
    return items


def _parameter(name: str, value: Value, cim_type: str, resource: Resource) -> str:
    if value is None:
        return f"<p:{name}{NIL}/>"
    if isinstance(value, Path):
        inner = reference_text(value, resource.base, resource.namespace)
        return f"<p:{name}>{inner}</p:{name}>"
    return f"<p:{name}>{scalar_encoder(cim_type)(value)}</p:{name}>"


def _plain(value: Value, cim_type: str) -> str:
    items = value if isinstance(value, list | tuple) else [value]
    return "".join("" if item is None else scalar_encoder(cim_type)(item) for item in items)


def _keys(cls: Class, given: Mapping[str, KeyValue]) -> dict[str, KeyValue]:
    """The key bindings that selectors give; all of them and nothing else."""
    known = {name.lower(): name for name in cls.keys}
    if any(name not in known for name in given):
        raise Fault("wsman:InvalidSelectors", "UnexpectedSelectors")
    if any(name not in given for name in known):
        raise Fault("wsman:InvalidSelectors", "InsufficientSelectors")
    return {known[name]: value for name, value in given.items()}
