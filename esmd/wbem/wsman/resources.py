"""ResourceURI and SelectorSet: which class in which namespace, and which instance (wsman.md 4 and 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from esmd.wbem.wsman.fault import UNREACHABLE, Fault
from esmd.wbem.wsman.names import ADDRESSING, ANONYMOUS, WSMAN, tag
from openesm.cim.path import KeyValue, Path
from openesm.cim.provider import NAMESPACE
from openesm.cim.values import DateTime
from openesm.cim.xmltext import attribute, escape

DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
ALL_CLASSES = "http://schemas.dmtf.org/wbem/wscim/1/*"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
VENDOR = "/wbem/wscim/1/cim-schema/2/"
NAMESPACE_SELECTOR = "__cimnamespace"
EPR_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """What a request is about.

    Attributes:
        base: the URI before the class name, with its slash; properties are answered in the same.
        classname: "*" for all classes.
        keys: what selectors say, by name; values are text or the path of an EPR.
    """

    base: str
    namespace: str
    classname: str
    keys: tuple[tuple[str, KeyValue], ...] = ()

    @property
    def is_all(self) -> bool:
        return self.classname == "*"

    @property
    def path(self) -> Path:
        return Path(self.classname, self.keys, self.namespace)

    def uri(self, classname: str) -> str:
        """The URI of a class under the same base."""
        return f"{self.base}{classname}"


def resource_of(uri: str, selectors: Iterable[Element], depth: int = 0) -> Resource:
    """The resource that URI and selectors name.

    Raises:
        Fault: a URI of no class, a selector twice or without a name.
    """
    base, namespace, classname = _parts(uri)
    keys: dict[str, tuple[str, KeyValue]] = {}
    for selector in selectors:
        name = (selector.get("Name") or "").strip()
        if not name or name.lower() in keys:
            raise Fault("wsman:InvalidSelectors", "DuplicateSelectors" if name else "UnexpectedSelectors")
        keys[name.lower()] = name, _selected(selector, depth)
    _, chosen = keys.pop(NAMESPACE_SELECTOR, ("", namespace or NAMESPACE))
    if not isinstance(chosen, str):
        raise Fault("wsman:InvalidSelectors", "TypeMismatch")
    return Resource(base, chosen.strip("/") or NAMESPACE, classname, tuple(keys.values()))


def _parts(uri: str) -> tuple[str, str, str]:
    """Base, namespace ("" where the URI names none), class."""
    bare = uri.strip()
    if not bare:
        raise Fault(UNREACHABLE, "InvalidResourceURI")
    if bare in (ALL_CLASSES, f"{DMTF}*"):
        return DMTF, "", "*"
    for start in DMTF, WMI:
        if bare.startswith(start):
            return _split(start, bare[len(start) :])
    prefix, middle, rest = bare.partition(VENDOR)
    if middle and prefix.startswith(("http://", "https://")):
        return _split(f"{prefix}{middle}", rest)
    raise Fault(UNREACHABLE, "InvalidResourceURI")


def _split(start: str, rest: str) -> tuple[str, str, str]:
    namespace, _, classname = unquote(rest).rstrip("/").rpartition("/")
    if not classname:
        raise Fault(UNREACHABLE, "InvalidResourceURI")
    return (f"{start}{namespace}/" if namespace else start), namespace, classname


def _selected(selector: Element, depth: int) -> KeyValue:
    reference = selector.find(tag(ADDRESSING, "EndpointReference"))
    if reference is None:
        return selector.text or ""
    return path_of(reference, depth + 1)


def path_of(reference: Element, depth: int = 0) -> Path:
    """The path that an endpoint reference stands for.

    Raises:
        Fault: it names no instance.
    """
    if depth > EPR_DEPTH:
        raise Fault("wsman:InvalidSelectors", "TypeMismatch")
    parameters = reference.find(tag(ADDRESSING, "ReferenceParameters"))
    if parameters is None:
        parameters = reference.find(tag(ADDRESSING, "ReferenceProperties"))
    uri = None if parameters is None else parameters.find(tag(WSMAN, "ResourceURI"))
    if parameters is None or uri is None:
        raise Fault("wsman:InvalidSelectors", "TypeMismatch")
    selectors = parameters.iterfind(f"{tag(WSMAN, 'SelectorSet')}/{tag(WSMAN, 'Selector')}")
    return resource_of(uri.text or "", selectors, depth).path


def reference_text(path: Path, base: str, namespace: str) -> str:
    """The content of an endpoint reference to an instance."""
    selectors = _selectors(path.keys, base, namespace)
    where = path.namespace or namespace
    return (
        f"<wsa:Address>{ANONYMOUS}</wsa:Address><wsa:ReferenceParameters>"
        f"<wsman:ResourceURI>{escape(base + path.classname)}</wsman:ResourceURI><wsman:SelectorSet>"
        f'<wsman:Selector Name="{NAMESPACE_SELECTOR}">{escape(where)}</wsman:Selector>{selectors}'
        "</wsman:SelectorSet></wsa:ReferenceParameters>"
    )


def _selectors(keys: Sequence[tuple[str, KeyValue]], base: str, namespace: str) -> str:
    return "".join(
        f'<wsman:Selector Name="{attribute(name)}">{_selector(value, base, namespace)}</wsman:Selector>'
        for name, value in keys
    )


def _selector(value: KeyValue, base: str, namespace: str) -> str:
    if isinstance(value, Path):
        inner = reference_text(value, base, namespace)
        return f"<wsa:EndpointReference>{inner}</wsa:EndpointReference>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, DateTime):
        return value.text
    return escape(str(value))
