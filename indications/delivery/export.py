"""Report method CIM-XML export: an indication as an HTTP request, and what the listener's answer means.

Pure. An indication is delivered when the answer is HTTP 200 with an EXPMETHODRESPONSE that holds no ERROR
(wbem standards I17 to I19); anything else is not, and is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, XMLParser

from indications.delivery import Undelivered
from openesm.cim.values import Instance
from openesm.cim.xmltext import attribute, instance_by_value
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
