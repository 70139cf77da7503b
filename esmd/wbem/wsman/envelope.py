"""SOAP envelopes: a request read by namespace, never by prefix, and the text of an answer (wsman.md 2)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from esmd.wbem.cimxml.xml import parse
from esmd.wbem.http1 import HttpError
from esmd.wbem.wsman import names
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import (
    ADDRESSING,
    ANONYMOUS,
    DECLARATIONS,
    ENUMERATION,
    EVENTING,
    SOAP,
    TRUST,
    WSMAN,
    tag,
)
from openesm.cim.xmltext import attribute, escape
from openesm.text import Language

MIN_ENVELOPE = 8192
OPTIONS_MOST = 64
IDENTITY_MOST = 1024  # characters of a MessageID, which comes back in the answer

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARED = re.compile(r"\A<\?xml[^>]*\?>")
_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<y>\d+)Y)?(?:(?P<mo>\d+)M)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?\Z"
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_SECONDS = {"y": 31_536_000, "mo": 2_592_000, "d": 86400, "h": 3600, "m": 60, "s": 1}
_UNDERSTOOD = frozenset(
    {
        *(
            tag(ADDRESSING, name)
            for name in ("Action", "To", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo")
        ),
        *(
            tag(WSMAN, name)
            for name in (
                "ResourceURI",
                "SelectorSet",
                "MaxEnvelopeSize",
                "OperationTimeout",
                "Locale",
                "OptionSet",
                "FragmentTransfer",
                "RequestTotalItemsCountEstimate",
                "RequestEPR",
            )
        ),
        tag(EVENTING, "Identifier"),
        tag(TRUST, "IssuedTokens"),
    }
)
_ONCE = frozenset(tag(ADDRESSING, name) for name in ("Action", "To", "MessageID", "ReplyTo", "FaultTo"))


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a resource that is asked for: the path, and the dialect it is in."""

    path: str
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request.

    Attributes:
        selectors: the Selector elements; `None` where there is no SelectorSet.
        max_bytes: MaxEnvelopeSize; None where the client does not say.
        timeout_s: OperationTimeout.
        body: the Body element.
        encoding: of the request, and so of the answer.
        to: the address of this service as the client knows it.
        identifier: of a subscription.
        issued_tokens: credentials for other services (WS-Trust).
    """

    action: str
    message_id: str
    resource_uri: str
    selectors: tuple[Element, ...]
    body: Element
    encoding: str
    max_bytes: int | None = None
    timeout_s: float | None = None
    language: Language = "en"
    fragment: Fragment | None = None
    counts: bool = False
    identifier: str = ""
    to: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    issued_tokens: Element | None = field(default=None, repr=False)

    @property
    def content(self) -> Element | None:
        """The first element of the body."""
        return next(iter(self.body), None)

    @property
    def room(self) -> int | None:
        """How many bytes of UTF-8 fit into an answer; one in UTF-16 has up to twice as many."""
        if self.max_bytes is None or self.encoding == "utf-8":
            return self.max_bytes
        return self.max_bytes // 2


def decoded(body: bytes) -> tuple[bytes, str]:
    """The request as UTF-8, and the encoding it came in: UTF-8 or UTF-16 (W11).

    Raises:
        Fault: another one, or bytes that are not what they say.
    """
    encoding = next((name for bom, name in _BOMS if body.startswith(bom)), "")
    if not encoding:
        start = body[:4]
        encoding = (
            "utf-16-le" if start[1::2] == b"\0\0" else "utf-16-be" if start[::2] == b"\0\0" else "utf-8"
        )
    declared = re.match(rb'<\?xml[^>]{0,80}encoding\s*=\s*["\']([A-Za-z0-9._-]{1,40})', body)
    if declared and encoding == "utf-8" and declared[1].lower() not in (b"utf-8", b"utf8"):
        raise Fault("wsman:EncodingLimit", "CharacterSet")
    try:
        text = body.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Fault("wsman:EncodingLimit", "CharacterSet") from None
    if encoding == "utf-8":
        return body.removeprefix(b"\xef\xbb\xbf"), encoding
    return _DECLARED.sub("", text).encode("utf-8"), encoding


def root_of(body: bytes) -> tuple[Element, str]:
    """The Envelope element; a document that is no envelope is the sender's fault."""
    text, encoding = decoded(body)
    try:
        root = parse(text)
    except HttpError:
        raise Fault("wsman:SchemaValidationError") from None
    if root.tag != tag(SOAP, "Envelope"):
        raise Fault("wsman:SchemaValidationError")
    return root, encoding


def envelope_of(root: Element, encoding: str, language: Language) -> Envelope:
    """What the headers say.

    Raises:
        Fault: one is missing, double, wrong, or has to be understood and is not.
    """
    header, body = root.find(tag(SOAP, "Header")), root.find(tag(SOAP, "Body"))
    if body is None:
        raise Fault("wsman:SchemaValidationError")
    found = {} if header is None else _headers(header)
    action = _required(found, "Action")
    message_id = _required(found, "MessageID")
    _check_addresses(found)
    selectors = found.get(tag(WSMAN, "SelectorSet"))
    identifier = found.get(tag(EVENTING, "Identifier"))
    return Envelope(
        action,
        message_id,
        _text(found.get(tag(WSMAN, "ResourceURI"))),
        () if selectors is None else tuple(selectors.iterfind(tag(WSMAN, "Selector"))),
        body,
        encoding,
        _max_bytes(found.get(tag(WSMAN, "MaxEnvelopeSize"))),
        _timeout(found.get(tag(WSMAN, "OperationTimeout"))),
        _language(found.get(tag(WSMAN, "Locale")), language),
        _fragment(found.get(tag(WSMAN, "FragmentTransfer"))),
        tag(WSMAN, "RequestTotalItemsCountEstimate") in found,
        _text(identifier),
        _text(found.get(tag(ADDRESSING, "To"))),
        _options(found.get(tag(WSMAN, "OptionSet"))),
        found.get(tag(TRUST, "IssuedTokens")),
    )


def _headers(header: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in header:
        if element.tag not in _UNDERSTOOD:
            if _must_be_understood(element):
                namespace, _, name = element.tag[1:].rpartition("}")
                raise Fault("s:MustUnderstand", misunderstood=(namespace, name))
            continue
        if element.tag in found and element.tag in _ONCE | {tag(WSMAN, "ResourceURI")}:
            raise Fault("wsa:InvalidMessageInformationHeader")
        found.setdefault(element.tag, element)
    return found


def _must_be_understood(element: Element) -> bool:
    return (element.get(tag(SOAP, "mustUnderstand")) or "").strip().lower() in ("true", "1")


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _required(found: Mapping[str, Element], name: str) -> str:
    element = found.get(tag(ADDRESSING, name))
    text = (element.text or "") if element is not None else ""
    if not text.strip():
        raise Fault("wsa:MessageInformationHeaderRequired")
    if len(text) > IDENTITY_MOST:
        raise Fault("wsa:InvalidMessageInformationHeader")
    return text if name == "MessageID" else text.strip()


def _check_addresses(found: Mapping[str, Element]) -> None:
    """Answers go back the way the request came, and nowhere else (W03)."""
    for name in "ReplyTo", "FaultTo":
        element = found.get(tag(ADDRESSING, name))
        if element is not None and _text(element.find(tag(ADDRESSING, "Address"))) not in ("", ANONYMOUS):
            raise Fault("wsman:UnsupportedFeature", "AddressingMode")


def _max_bytes(element: Element | None) -> int | None:
    if element is None:
        return None
    text = _text(element)
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Fault("wsa:InvalidMessageInformationHeader")
    if int(text) < MIN_ENVELOPE:
        raise Fault("wsman:EncodingLimit", "MinimumEnvelopeLimit")
    return int(text)


def seconds_of(duration: str) -> float | None:
    """An xs:duration in seconds; None for another text (months are 30 days, years 365)."""
    match = _DURATION.match(duration.strip())
    if match is None or not any(match[name] for name in _SECONDS):
        return None
    total = sum(float(match[name] or 0) * factor for name, factor in _SECONDS.items())
    return -total if match["sign"] else total


def _timeout(element: Element | None) -> float | None:
    if element is None:
        return None
    seconds = seconds_of(_text(element))
    if seconds is None or seconds <= 0:
        raise Fault("wsa:InvalidMessageInformationHeader", "OperationTimeout")
    return seconds


def _language(element: Element | None, default: Language) -> Language:
    if element is None:
        return default
    wanted = element.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    primary = wanted.partition("-")[0].lower()
    if primary in ("en", "ja") and _LANGUAGE_TAG.match(wanted):
        return "ja" if primary == "ja" else "en"
    if _must_be_understood(element):
        raise Fault("wsman:UnsupportedFeature", "Locale")
    return default


def _fragment(element: Element | None) -> Fragment | None:
    return None if element is None else Fragment(_text(element), element.get("Dialect") or "")


def _options(element: Element | None) -> Mapping[str, str]:
    """Options are for providers, of which ours have none: those that have to be obeyed are refused."""
    if element is None:
        return {}
    options = {option.get("Name") or "": _text(option) for option in element}
    if len(element) > OPTIONS_MOST:
        raise Fault("wsman:InvalidOptions", "OptionLimit")
    if any((option.get("MustComply") or "").lower() in ("true", "1") for option in element):
        raise Fault("wsman:InvalidOptions", "NotSupported")
    return options


# -- answers


def answer(action: str, relates_to: str, body: str, header: str = "") -> str:
    """An envelope with the prefixes that libwsman looks for; declared once, at the top."""
    header = f"<wsa:RelatesTo>{escape(relates_to)}</wsa:RelatesTo>{header}"
    return message(ANONYMOUS, action, f"uuid:{uuid.uuid4()}", header, body)


def message(to: str, action: str, message_id: str, header: str, body: str) -> str:
    """An envelope to an address."""
    inner = (
        f"<s:Header><wsa:To>{escape(to)}</wsa:To><wsa:Action>{escape(action)}</wsa:Action>"
        f"<wsa:MessageID>{escape(message_id)}</wsa:MessageID>{header}</s:Header><s:Body>{body}</s:Body>"
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope{DECLARATIONS}>{inner}</s:Envelope>\n'


def fault_text(fault: Fault, relates_to: str, language: Language) -> str:
    """A fault as an envelope."""
    code = "s:Receiver" if fault.is_receivers else "s:Sender"
    subcode = f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>"
    header = ""
    if fault.misunderstood:
        namespace, name = fault.misunderstood
        code, subcode = "s:MustUnderstand", ""
        header = f'<s:NotUnderstood xmlns:x="{attribute(namespace)}" qname="x:{attribute(name)}"/>'
    detail = f"<wsman:FaultDetail>{fault.detail}</wsman:FaultDetail>" if fault.detail else ""
    body = (
        f"<s:Fault><s:Code><s:Value>{code}</s:Value>{subcode}</s:Code>"
        f'<s:Reason><s:Text xml:lang="{language}">{escape(fault.text(language))}</s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )
    action = names.FAULT_ACTIONS[fault.subcode.partition(":")[0]]
    return answer(action, relates_to, body, header)


def message_id_of(root: Element) -> str:
    """The MessageID of a request that is refused for another reason; "" where it has none."""
    found = root.find(f"{tag(SOAP, 'Header')}/{tag(ADDRESSING, 'MessageID')}")
    return "" if found is None else found.text or ""


def enumeration_child(element: Element, name: str) -> Element | None:
    """A child in the namespace of enumeration, or in that of WS-Man where clients write it there."""
    found = element.find(tag(ENUMERATION, name))
    return found if found is not None else element.find(tag(WSMAN, name))


def children(element: Element, name: str) -> Iterator[Element]:
    """Children by local name, whatever their namespace."""
    return (child for child in element if local_name(child) == name)


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
