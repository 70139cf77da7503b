"""CIM-XML over HTTP: headers against body, body to call, result to answer (DSP0200 6.3).

A client that asks the same again sends the same bytes but for the message ID. What is between is kept:
the call that the bytes meant, and the text of its answer as long as nothing in it changed.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from esmd.auth.principal import Principal
from esmd.wbem.cimxml.decode import Request, check_protocol_version, decode
from esmd.wbem.cimxml.encode import CLOSING, Encoder, opening
from esmd.wbem.cimxml.object_header import parse_object, same_object
from esmd.wbem.connection import Response
from esmd.wbem.http1 import MAN_URI, Head, HttpError
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.results import Call, Instances, Paths, Result
from openesm.cim.errors import CIMError, Status
from openesm.text import negotiate

KEPT_REQUESTS = 256
KEPT_REQUEST_BYTES = 8192
KEPT_ANSWERS = 64
KEPT_ANSWERS_BYTES = 4 << 20  # of all of them

_ENVELOPE = re.compile(
    rb"\A(\s*(?:<\?xml[^<>]{0,120}\?>\s*)?<CIM(?:\s[^<>]{0,120})?>\s*<MESSAGE\s(?:[^<>]{0,80}\s)?ID=\")"
    rb"([A-Za-z0-9._:-]{1,64})(?=\"[^<>]{0,80}>)"
)
_XML_TYPES = frozenset({"text/xml", "application/xml"})
_MEDIA_TYPE = re.compile(r"""\s*(?P<type>[^;\s]+)\s*(?:;\s*charset\s*=\s*"?(?P<charset>[^";\s]+)"?\s*)?\Z""")
_EXPORT_HEADERS = ("cimexport", "cimexportmethod", "cimexportbatch")

log = logging.getLogger("openesm.wbem")


@dataclass(slots=True)
class _KeptAnswer:
    """The text of an answer, good for as long as the result is the same."""

    result: Result
    text: bytes


class CimXmlService:
    """Answers CIM-XML requests of authenticated principals."""

    def __init__(self, operations: Operations, repository: Repository) -> None:
        self._operations = operations
        self._repository = repository
        self._encoder = Encoder(repository.host.system_name)
        self._requests: OrderedDict[tuple[bytes, bytes], Request] = OrderedDict()
        self._answers: OrderedDict[Call, _KeptAnswer] = OrderedDict()
        self._kept_bytes = 0
        self._headers: dict[str, tuple[tuple[str, str], ...]] = {
            "": (
                ("Content-Type", 'application/xml; charset="utf-8"'),
                ("CIMOperation", "MethodResponse"),
            )
        }

    # -- before the body

    def check_head(self, head: Head) -> None:
        """What the headers alone say: type, encodings, CIM headers; HttpError refuses (H04 to H16)."""
        fields = head.fields
        media = _MEDIA_TYPE.match(fields.get("content-type", ""))
        if not media or media["type"].lower() not in _XML_TYPES:
            raise HttpError(400)
        if (media["charset"] or "utf-8").lower() not in ("utf-8", "utf8"):
            raise HttpError(400)
        if fields.get("content-encoding", "identity").lower() != "identity":
            raise HttpError(415)
        if "range" in fields or "accept-range" in fields:
            raise HttpError(406)
        if not _accepts(fields.get("accept", ""), ("text/xml", "application/xml", "text/*", "application/*")):
            raise HttpError(406)
        if not _accepts(fields.get("accept-charset", ""), ("utf-8",)):
            raise HttpError(406)
        if any(name in fields for name in _EXPORT_HEADERS):
            raise HttpError(400, "unsupported-operation")
        if "cimoperation" not in fields:
            raise HttpError(400)
        if fields["cimoperation"].lower() != "methodcall" or "cimoperation" in head.repeated:
            raise HttpError(400, "unsupported-operation")
        if "cimprotocolversion" in fields:
            check_protocol_version(fields["cimprotocolversion"])

    # -- the request

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        """The response; HttpError for what is refused by HTTP, CIM errors inside the response."""
        started = time.perf_counter()
        request, message_id = self._request(body)
        self._check_headers(head, request)
        call = request.call
        try:
            result = self._operations.perform(call, principal)
        except CIMError as refused:
            return self._error(head, request, message_id, refused, started)
        if isinstance(result, Awaitable):
            return self._later(head, request, message_id, result, started)
        return self._respond(head, request, message_id, result, started)

    async def _later(
        self, head: Head, request: Request, message_id: str, result: Awaitable[Result], started: float
    ) -> Response:
        try:
            return self._respond(head, request, message_id, await result, started)
        except CIMError as refused:
            return self._error(head, request, message_id, refused, started)

    def _request(self, body: bytes) -> tuple[Request, str]:
        """The request in `body`, from memory when it differs from an earlier one in its message ID only."""
        match = _ENVELOPE.match(body) if len(body) <= KEPT_REQUEST_BYTES else None
        if match is None:
            request = decode(body)
            return request, request.message_id
        key = match[1], body[match.end() :]
        message_id = match[2].decode("ascii")
        kept = self._requests.get(key)
        if kept is None:
            kept = decode(body)
            if kept.message_id == message_id:
                self._requests[key] = kept
                if len(self._requests) > KEPT_REQUESTS:
                    self._requests.popitem(last=False)
        return kept, message_id

    def _check_headers(self, head: Head, request: Request) -> None:
        """Headers must agree with the body (H05, H06, H07, H09)."""
        fields, call = head.fields, request.call
        if request.is_export:
            raise HttpError(400, "request-not-valid")
        if request.is_batch:
            raise HttpError(
                *(
                    (501, "multiple-requests-unsupported")
                    if "cimbatch" in fields
                    else (400, "header-mismatch")
                )
            )
        if "cimbatch" in fields:
            raise HttpError(400, "header-mismatch")
        if head.repeated & {"cimmethod", "cimobject", "cimprotocolversion"}:
            raise HttpError(400, "header-mismatch")
        if fields.get("cimprotocolversion", request.protocol_version) != request.protocol_version:
            raise HttpError(400, "header-mismatch")
        method = fields.get("cimmethod", "")
        if method != call.name and _decoded(method) != call.name:
            raise HttpError(400, "header-mismatch")
        if not same_object(parse_object(_decoded(fields.get("cimobject", ""))), call):
            raise HttpError(400, "header-mismatch")

    # -- the answer

    def _respond(
        self, head: Head, request: Request, message_id: str, result: Result, started: float
    ) -> Response:
        call = request.call
        try:
            text = self._text(call, result)
        except TypeError as wrong:
            log.error("%s in %s: a provider gave a wrong value", call.name, call.namespace, exc_info=wrong)
            error = CIMError.of(Status.FAILED, "cim.provider-wrong")
            return self._error(head, request, message_id, error, started)
        return self._response(head, request, message_id, text, started)

    def _text(self, call: Call, result: Result) -> bytes:
        if not isinstance(result, Instances | Paths) or call.target is not None:
            return self._encode(call, result)
        kept = self._answers.get(call)
        if kept is not None and kept.result is result:
            return kept.text
        text = self._encode(call, result)
        self._keep(call, _KeptAnswer(result, text))
        return text

    def _keep(self, call: Call, answer: _KeptAnswer) -> None:
        """Keeps an answer, and forgets the oldest until the rest is within bounds."""
        if (old := self._answers.pop(call, None)) is not None:
            self._kept_bytes -= len(old.text)
        self._answers[call] = answer
        self._kept_bytes += len(answer.text)
        while self._kept_bytes > KEPT_ANSWERS_BYTES or len(self._answers) > KEPT_ANSWERS:
            self._kept_bytes -= len(self._answers.popitem(last=False)[1].text)

    def _encode(self, call: Call, result: Result) -> bytes:
        namespace = self._repository.spelling(call.namespace)
        return (self._encoder.result(call, namespace, result) + CLOSING).encode("utf-8")

    def _error(
        self, head: Head, request: Request, message_id: str, error: CIMError, started: float
    ) -> Response:
        language = negotiate(head.fields.get("accept-language", ""))
        text = (self._encoder.error(request.call, error, language) + CLOSING).encode("utf-8")
        response = self._response(head, request, message_id, text, started)
        return Response(response.status, (*response.headers, ("Content-Language", language)), response.body)

    def _response(
        self, head: Head, request: Request, message_id: str, text: bytes, started: float
    ) -> Response:
        start = opening(message_id, request.protocol_version)
        elapsed = round((time.perf_counter() - started) * 1e6)
        headers = self._response_headers(head.man)
        return Response(200, (*headers, ("WBEMServerResponseTime", str(elapsed))), start + text)

    def _response_headers(self, man: str) -> tuple[tuple[str, str], ...]:
        """Those of every answer; prefixed as the extension of an M-POST asks (H02)."""
        if man not in self._headers:
            content_type, operation = self._headers[""]
            self._headers[man] = (
                content_type,
                ("Ext", ""),
                ("Man", f"{MAN_URI}; ns={man}"),
                (f"{man}-{operation[0]}", operation[1]),
            )
        return self._headers[man]


@lru_cache(256)
def _decoded(header: str) -> str:
    """A %-escaped header as UTF-8 text; what is no UTF-8 matches nothing."""
    try:
        return unquote_to_bytes(header.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        return "\ufffd"


@lru_cache(64)
def _accepts(header: str, wanted: tuple[str, ...]) -> bool:
    """Whether an Accept… value allows one of `wanted`, or anything."""
    if not header:
        return True
    offered = {item.partition(";")[0].strip().lower() for item in header[:1024].split(",")}
    return bool(offered & {*wanted, "*", "*/*"})
