"""WS-Management over HTTP: the URLs, the headers, and each action to what carries it out (wsman.md 1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from xml.etree.ElementTree import Element

import openesm
from esmd.auth.authenticator import Authenticator
from esmd.auth.peer import Peer
from esmd.auth.principal import Principal
from esmd.wbem.connection import Response
from esmd.wbem.http1 import Head, HttpError
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.wsman import envelope
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.enumerating import Enumerating
from esmd.wbem.wsman.envelope import Envelope, envelope_of, fault_text, message_id_of, root_of
from esmd.wbem.wsman.eventing import Eventing
from esmd.wbem.wsman.fault import NOT_SUPPORTED, Fault
from esmd.wbem.wsman.fetching import Fetching
from esmd.wbem.wsman.names import (
    CREATE,
    DECLARATIONS,
    DELETE,
    ENUMERATE,
    GET,
    GET_STATUS,
    HTTPS_BASIC,
    IDENTITY,
    PULL,
    PUT,
    RELEASE,
    RENEW,
    SOAP,
    SUBSCRIBE,
    UNSUBSCRIBE,
    WSMAN,
    tag,
)
from esmd.wbem.wsman.remembering import Remembered
from esmd.wbem.wsman.transfer import Answer, Transfer
from openesm.cim.errors import CIMError
from openesm.text import Message, negotiate

TARGET, ANONYMOUS_TARGET = "/wsman", "/wsman-anon/identify"
TIMEOUT_S = 60.0
VENDOR = "OpenESM"
_TYPES = ("application/soap+xml", "text/xml", "application/xml")

Handler = Callable[[Envelope, Principal], Awaitable[Answer]]

log = logging.getLogger("openesm.wsman")


class WsmanService:
    """What stands behind the HTTP layer on the port of WS-Management; no other URL exists there.

    Args:
        events: for subscriptions; None without them.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        operations: Operations,
        repository: Repository,
        events: tuple[Eventing, Fetching] | None,
    ) -> None:
        self._authenticator = authenticator
        calls = Calls(operations)
        self._enumerating = Enumerating(calls, repository)
        transfer = Transfer(calls, repository)
        self._invoke = transfer.invoke
        self._handlers: dict[str, Handler] = {
            GET: transfer.get,
            PUT: transfer.put,
            CREATE: transfer.create,
            DELETE: transfer.delete,
            ENUMERATE: self._enumerating.enumerate,
            PULL: self._enumerating.pull,
            RELEASE: self._enumerating.release,
        }
        if events is not None:
            eventing, fetching = events
            self._handlers |= {
                PULL: _either(fetching, fetching.pull, self._enumerating.pull),
                RELEASE: _either(fetching, partial(fetching.release, calls), self._enumerating.release),
                SUBSCRIBE: partial(eventing.subscribe, calls),
                RENEW: partial(eventing.renew, calls),
                GET_STATUS: partial(eventing.get_status, calls),
                UNSUBSCRIBE: partial(eventing.unsubscribe, calls),
            }
        self._remembered = Remembered()
        self.requests = 0

    @property
    def contexts(self) -> int:
        """Open enumerations."""
        return len(self._enumerating.contexts)

    # -- the HTTP layer

    def is_open_to_all(self, head: Head) -> bool:
        """Identify without credentials, and nothing else (W01)."""
        return head.target == ANONYMOUS_TARGET

    def authenticate(self, head: Head, peer: Peer) -> Principal | Awaitable[Principal]:
        return self._authenticator.authenticate(head, peer)

    def check(self, head: Head, _peer: Peer) -> None:
        if head.target not in (TARGET, ANONYMOUS_TARGET):
            raise HttpError(404)
        media = head.fields.get("content-type", "").partition(";")[0].strip().lower()
        if media and media not in _TYPES:
            raise HttpError(415)

    def answer_all(self, head: Head, body: bytes) -> Response:
        """The answer to somebody who is nobody: that this is WS-Management, and no more."""
        language = negotiate(head.fields.get("accept-language", ""))
        try:
            root, encoding = root_of(body)
            if not _is_identify(root):
                raise Fault("wsman:AccessDenied")
            return _response(200, _identified(with_details=False), encoding)
        except Fault as fault:
            return _response(fault.status, fault_text(fault, "", language), "utf-8")

    def answer(self, head: Head, principal: Principal, body: bytes) -> Response | Awaitable[Response]:
        self.requests += 1
        return self._answer(head, principal, body)

    async def _answer(self, head: Head, principal: Principal, body: bytes) -> Response:
        language = negotiate(head.fields.get("accept-language", ""))
        relates_to, encoding = "", "utf-8"
        try:
            request = self._remembered.find(body, language)
            if request is None:
                root, encoding = root_of(body)
                if _is_identify(root):
                    return _response(200, _identified(with_details=True), encoding)
                relates_to = message_id_of(root)
                request = envelope_of(root, encoding, language)
                self._remembered.keep(body, language, request)
            relates_to, language = request.message_id, request.language
            action, content, header = await self._perform(request, principal)
            return _fitting(request, action, content, header)
        except Fault as fault:
            return _response(fault.status, fault_text(fault, relates_to, language), encoding)
        except CIMError as refused:
            told = Fault("wsman:InternalError", reason=refused.reason)
            return _response(500, fault_text(told, relates_to, language), encoding)
        except TypeError as wrong:
            log.error("a provider gave a wrong value", exc_info=wrong)
            told = Fault("wsman:InternalError", reason=Message.of("cim.provider-wrong"))
            return _response(500, fault_text(told, relates_to, language), encoding)

    async def _perform(self, request: Envelope, principal: Principal) -> Answer:
        if request.fragment is not None and request.action not in (GET, PUT):
            raise Fault("wsman:UnsupportedFeature", "FragmentLevelAccess")
        handler = self._handlers.get(request.action)
        if handler is None:
            if not request.resource_uri or "/wbem/" not in request.action:
                raise Fault(NOT_SUPPORTED)
            handler = self._invoke
        try:
            async with asyncio.timeout(request.timeout_s or TIMEOUT_S):
                return await handler(request, principal)
        except TimeoutError:
            raise Fault("wsman:TimedOut") from None


def _either(fetching: Fetching, of_events: Handler, of_instances: Handler) -> Handler:
    """A handler for contexts of subscriptions and of enumerations."""

    def handler(request: Envelope, principal: Principal) -> Awaitable[Answer]:
        return (of_events if fetching.knows(request) else of_instances)(request, principal)

    return handler


def _is_identify(root: Element) -> bool:
    return root.find(f"{tag(SOAP, 'Body')}/{tag(IDENTITY, 'Identify')}") is not None


def _identified(*, with_details: bool) -> str:
    vendor, version = (VENDOR, openesm.__version__) if with_details else ("", "")
    inner = (
        "<s:Header/><s:Body><wsmid:IdentifyResponse>"
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        f"<wsmid:ProductVendor>{vendor}</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{version}</wsmid:ProductVersion>"
        f"<wsmid:SecurityProfiles><wsmid:SecurityProfileName>{HTTPS_BASIC}</wsmid:SecurityProfileName>"
        "</wsmid:SecurityProfiles></wsmid:IdentifyResponse></s:Body>"
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope{DECLARATIONS}>{inner}</s:Envelope>\n'


def _fitting(request: Envelope, action: str, content: str, header: str) -> Response:
    """An answer of the size that the client takes (W06).

    One that is too large comes after the work was done: a Put may say nothing instead, and where it cannot be
    undone the fault tells of the success.
    """
    answer = _response(200, envelope.answer(action, request.message_id, content, header), request.encoding)
    if request.max_bytes is None or len(answer.body) <= request.max_bytes:
        return answer
    if request.action == PUT:
        return _fitting(request, action, "", "") if content else answer
    raise Fault("wsman:EncodingLimit", "MaxEnvelopeSize" if request.action == GET else "UnreportableSuccess")


def _response(status: int, text: str, encoding: str) -> Response:
    """An answer in the encoding of its request (W11)."""
    if encoding == "utf-8":
        headers = (("Content-Type", "application/soap+xml;charset=UTF-8"),)
        return Response(status, headers, text.encode("utf-8"))
    spelled = text.replace('encoding="UTF-8"', 'encoding="UTF-16"', 1)
    body = ("\ufeff" + spelled).encode(encoding)
    return Response(status, (("Content-Type", "application/soap+xml;charset=UTF-16"),), body)
