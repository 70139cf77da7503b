"""Export requests and their answers, without sockets (DSP0200 6.2 and 6.3, DSP0201 5.2, DSP0203 2.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from esmd.wbem.cimxml.decode import check_protocol_version
from esmd.wbem.cimxml.elements import attribute, invalid, only
from esmd.wbem.cimxml.objects import instance
from esmd.wbem.cimxml.xml import parse
from esmd.wbem.http1 import MAN_URI, Head, HttpError
from openesm.cim.errors import CIMError, Status
from openesm.cim.values import Instance
from openesm.cim.xmltext import attribute as quoted

METHOD = "ExportIndication"
_MEDIA_TYPE = re.compile(
    r"\s*(?:text|application)/xml\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?\Z", re.IGNORECASE
)
_VERSION = re.compile(r"2\.[0-9]{1,3}(?:\.[0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class Export:
    """An export request; what is wrong with its call is `problem`, to be told inside the answer."""

    message_id: str
    method: str
    indication: Instance | None = None
    problem: CIMError | None = None


def check_head(head: Head) -> None:
    """What the headers alone say; HttpError refuses."""
    fields = head.fields
    if not _MEDIA_TYPE.match(fields.get("content-type", "")):
        raise HttpError(400)
    if fields.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415)
    if "range" in fields or "accept-range" in fields:
        raise HttpError(406)
    if "cimoperation" in fields:
        raise HttpError(400, "unsupported-operation")
    if "cimexport" not in fields:
        raise HttpError(400)
    if fields["cimexport"].lower() != "methodrequest" or "cimexport" in head.repeated:
        raise HttpError(400, "unsupported-operation")
    if "cimexportbatch" in fields:
        raise HttpError(501, "multiple-requests-unsupported")
    if "cimprotocolversion" in fields:
        check_protocol_version(fields["cimprotocolversion"])


def decode(head: Head, body: bytes) -> Export:
    """Reads a request.

    Raises:
        HttpError: 400 for a body that is no export request or does not agree with the headers; 501 for
            versions that are not spoken.
    """
    root = parse(body)
    if root.tag != "CIM":
        raise invalid()
    for name, error in ("CIMVERSION", "unsupported-cim-version"), ("DTDVERSION", "unsupported-dtd-version"):
        if not _VERSION.match(attribute(root, name)):
            raise HttpError(501, error)
    message = only(root, "MESSAGE")
    message_id = attribute(message, "ID")
    check_protocol_version(attribute(message, "PROTOCOLVERSION"))
    call = only(only(message, "SIMPLEEXPREQ"), "EXPMETHODCALL")
    method = attribute(call, "NAME")
    if unquote(head.fields.get("cimexportmethod", "")) != method:
        raise HttpError(400, "header-mismatch")
    if method.lower() != METHOD.lower():
        return Export(message_id, method, problem=_problem(Status.NOT_SUPPORTED, "method", name=method))
    parameters = list(call)
    if any(parameter.tag != "EXPPARAMVALUE" for parameter in parameters):
        raise invalid()
    names = [attribute(parameter, "NAME").lower() for parameter in parameters]
    if names != ["newindication"] or [child.tag for child in parameters[0]] != ["INSTANCE"]:
        return Export(message_id, method, problem=_problem(Status.INVALID_PARAMETER, "parameter"))
    return Export(message_id, method, instance(parameters[0][0]))


def answer(export: Export) -> bytes:
    """The body of the answer: EXPMETHODRESPONSE, with ERROR when there is a problem."""
    error = ""
    if export.problem is not None:
        code, text = export.problem.status, quoted(export.problem.text())
        error = f'<ERROR CODE="{code:d}" DESCRIPTION="{text}"></ERROR>'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="{quoted(export.message_id)}" PROTOCOLVERSION="1.0"><SIMPLEEXPRSP>'
        f'<EXPMETHODRESPONSE NAME="{quoted(export.method)}">{error}</EXPMETHODRESPONSE>'
        "</SIMPLEEXPRSP></MESSAGE></CIM>"
    ).encode()


def answer_headers(head: Head) -> tuple[tuple[str, str], ...]:
    """Headers of an answer; prefixed ones to an M-POST (RFC 2774)."""
    media = ("Content-Type", 'application/xml; charset="utf-8"')
    if not head.man:
        return media, ("CIMExport", "MethodResponse")
    return (
        media,
        ("Ext", ""),
        ("Man", f"{MAN_URI}; ns={head.man}"),
        (f"{head.man}-CIMExport", "MethodResponse"),
    )


def _problem(status: Status, key: str, /, **args: object) -> CIMError:
    return CIMError.of(status, f"listen.{key}", **args)
