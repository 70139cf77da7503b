"""Report method CIM-XML export: an indication as an HTTP request, and what the listener's answer means.

Pure. An indication is delivered when the answer is HTTP 200 with an EXPMETHODRESPONSE that holds no ERROR
(wbem standards I17 to I19); anything else is not, and is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, ParseError, XMLParser

from indications.delivery import Undelivered
from openesm.cim.values import Instance, TypedValue, Value
from openesm.cim.xmltext import attribute, instance_by_value, property_parts
from openesm.text import Message

HEADERS = (
    ("Content-Type", 'application/xml; charset="utf-8"'),
    ("Accept", "application/xml"),
    ("CIMExport", "MethodRequest"),
    ("CIMExportMethod", "ExportIndication"),
)
ANSWER_BYTES = 65536
REFUSALS = frozenset({401, 403, 404, 410})
_TOLD_CHARS = 200

_OPENING = '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
_CALL = (
    '" PROTOCOLVERSION="1.0"><SIMPLEEXPREQ><EXPMETHODCALL NAME="ExportIndication">'
    '<EXPPARAMVALUE NAME="NewIndication">'
)
_CLOSING = "</EXPPARAMVALUE></EXPMETHODCALL></SIMPLEEXPREQ></MESSAGE></CIM>"


class Refused(Undelivered):
    """The receiver does not want it (401, 403, 404, 410), or must not be spoken to: tried again slowly."""


def encode(instance: Instance, message_id: str) -> bytes:
    """The body of an ExportIndication request (DSP0201 5.2, DSP0203 2.4); goes with `HEADERS`.

    Raises:
        TypeError: a property's value is not of its type.
    """
    text = f"{_OPENING}{attribute(message_id)}{_CALL}{instance_by_value(instance)}{_CLOSING}"
    return text.encode("utf-8")


class Form:
    """How a class of indications is written, made once.

    Args:
        types: its properties in their order, each as its NULL.
        open_names: those that differ from one destination to the next.
    """

    def __init__(self, classname: str, types: Mapping[str, TypedValue], open_names: Sequence[str]) -> None:
        self.start = f'{_CALL}<INSTANCE CLASSNAME="{attribute(classname)}">'
        self.parts = [
            (name, *property_parts(name, null.type or "string", null.is_array))
            for name, null in types.items()
        ]
        self.open_names = frozenset(open_names)
        self.end = f"</INSTANCE>{_CLOSING}"


class Draft:
    """The request for an indication that goes to several destinations: written once but for what differs.

    Args:
        values: of all properties but those that the form leaves open.

    Raises:
        TypeError: a property's value is not of its type.
    """

    def __init__(self, form: Form, values: Mapping[str, Value]) -> None:
        pieces, self._open = [form.start], []
        self._pieces: list[str] = []
        for name, start, encode, end in form.parts:
            if name in form.open_names:
                pieces.append(start)
                self._pieces.append("".join(pieces))
                self._open.append((name, encode))
                pieces = [end]
            else:
                pieces += start, encode(values[name]), end
        self._end = "".join([*pieces, form.end])

    def body(self, message_id: str, values: Mapping[str, Value]) -> bytes:
        """The request with the properties that were left open."""
        text = [_OPENING, attribute(message_id)]
        for piece, (name, encode) in zip(self._pieces, self._open, strict=True):
            text += piece, encode(values[name])
        text.append(self._end)
        return "".join(text).encode("utf-8")


def accepted(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Returns when the answer confirms the delivery.

    Args:
        headers: lower-cased names.

    Raises:
        Undelivered: with what the listener said; `Refused` where it should be asked seldom.
    """
    if status != 200:
        raise _http_failure(status, headers)
    if len(body) > ANSWER_BYTES:
        raise _undelivered("answer-too-long", most=ANSWER_BYTES)
    root = _parse(body)
    response = root.find("MESSAGE/SIMPLEEXPRSP/EXPMETHODRESPONSE") if root.tag == "CIM" else None
    if response is None:
        raise _undelivered("answer-unexpected")
    error = response.find("ERROR")
    if error is not None:
        code, text = _told(error.get("CODE", "?")), _told(error.get("DESCRIPTION", ""))
        raise _undelivered("answer-error", code=code, description=text)


def _http_failure(status: int, headers: Mapping[str, str]) -> Undelivered:
    if status in REFUSALS:
        return Refused(Message.of("delivery.answer-refused", status=status), retry=True)
    if 300 <= status < 400:
        return _undelivered("answer-redirect", status=status)
    detail = _told(headers.get("cimerror", ""))
    return _undelivered("answer-status", status=status, detail=f" ({detail})" if detail else "")


def _parse(body: bytes) -> Element:
    """The root element; a document that declares anything is refused before it is read (SEC-40, SEC-41)."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise _undelivered("answer-unexpected")
    parser = XMLParser(encoding="utf-8")  # noqa: S314
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError):
        raise _undelivered("answer-garbled") from None
    assert isinstance(root, Element)
    return root


def _told(text: str) -> str:
    """What a stranger says, as one harmless short line."""
    return "".join(char if char.isprintable() else " " for char in text[:_TOLD_CHARS])


def _undelivered(key: str, **args: object) -> Undelivered:
    return Undelivered(Message.of(f"delivery.{key}", **args), retry=True)
