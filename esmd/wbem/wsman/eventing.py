"""Subscribe, Renew, GetStatus and Unsubscribe (DSP0226 10) on the subscriptions of the agent."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from esmd.auth.principal import Principal
from esmd.registry import Registry
from esmd.wbem.interop import INTEROP
from esmd.wbem.results import Call
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.enumerating import QUERY_LANGUAGES
from esmd.wbem.wsman.envelope import Envelope, seconds_of
from esmd.wbem.wsman.fault import UNREACHABLE, Fault
from esmd.wbem.wsman.names import ADDRESSING, EVENTING, WSMAN, WSMAN_ACTIONS, XPATH_DIALECT, tag
from esmd.wbem.wsman.resources import Resource, resource_of
from esmd.wbem.wsman.transfer import Answer
from indications.delivery import guard
from openesm.cim.errors import CIMError
from openesm.cim.path import Path, normal_namespace
from openesm.cim.provider import NAMESPACE
from openesm.cim.xmltext import escape
from openesm.text import Message
from subscription.model import (
    SINK_CLASS,
    DeliveryMode,
    Destination,
    EventSink,
    Filter,
    Persistence,
    Subscription,
)

MODES = {
    f"{EVENTING}/DeliveryModes/Push": DeliveryMode.PUSH,
    f"{WSMAN_ACTIONS}/PushWithAck": DeliveryMode.PUSH_WITH_ACK,
    f"{WSMAN_ACTIONS}/Events": DeliveryMode.EVENTS,
}
DEFAULT_S = 86400  # where the client does not say
LONGEST_S = 315_360_000
HEADERS_MOST = 4096
_UNSUPPORTED = {"Heartbeats": "Heartbeats", "ConnectionRetry": "DeliveryRetries", "Auth": "AuthorizationMode"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?\Z")


class Eventing:
    """Carries them out; each gives the action of its answer, its body and more headers.

    Args:
        check_query: refuses a filter whose query cannot be answered, else gives its class.
        now: agent time; `wall`: seconds since the epoch.
    """

    def __init__(
        self,
        registry: Registry,
        check_query: Callable[[Filter], str],
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._check_query = check_query
        self._now = now
        self._wall = wall

    async def subscribe(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        asked = _asked(request, "Subscribe")
        resource = resource_of(request.resource_uri, request.selectors)
        if normal_namespace(resource.namespace) != normal_namespace(NAMESPACE) and not _is_filter(resource):
            raise Fault(UNREACHABLE, "InvalidResourceURI")
        identifier = f"uuid:{uuid.uuid4()}"
        sink = self._sink(asked, resource, identifier)
        duration = self._duration(asked)
        wanted, is_new = self._filter(asked, resource, identifier)
        new = Subscription(
            wanted.key, sink.key, self._wall(), duration_s=duration, expires_at=self._now() + duration
        )
        await calls.change(
            _call("CreateInstance", identifier),
            principal,
            lambda: self._registry.subscribe(new, to=sink, by=wanted if is_new else None),
        )
        content = (
            f"<wse:SubscriptionManager><wsa:Address>{escape(request.to)}</wsa:Address>"
            f"<wsa:ReferenceParameters><wse:Identifier>{identifier}</wse:Identifier>"
            f"</wsa:ReferenceParameters></wse:SubscriptionManager>{_expires(duration)}"
        )
        return _answer("Subscribe", content)

    async def renew(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        asked = _asked(request, "Renew")
        found = self._find(request, "wse:UnableToRenew")
        duration = self._duration(asked)
        renewed = replace(
            found, duration_s=duration, expires_at=self._now() + duration, started_at=self._wall()
        )
        await calls.change(
            _call("ModifyInstance", request.identifier),
            principal,
            lambda: self._registry.change_subscription(renewed),
        )
        return _answer("Renew", _expires(duration))

    async def get_status(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        _asked(request, "GetStatus")
        calls.permit(_call("GetInstance", request.identifier), principal)
        left = self._find(request, "wse:InvalidMessage").remaining_s(self._now())
        return _answer("GetStatus", "" if left is None else _expires(left))

    async def unsubscribe(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        _asked(request, "Unsubscribe")
        found = self._find(request, "wse:InvalidMessage")
        await calls.change(
            _call("DeleteInstance", request.identifier),
            principal,
            lambda: self._registry.unsubscribe(found.key),
        )
        return f"{EVENTING}/UnsubscribeResponse", "", ""

    def _find(self, request: Envelope, subcode: str) -> Subscription:
        key = Destination(request.identifier, "", creation_class=SINK_CLASS).key
        for subscription in self._registry.book.active_or_disabled(self._now()):
            if subscription.destination_key == key:
                return subscription
        raise Fault(subcode, reason=Message.of("wsman.no-subscription", name=request.identifier or "-"))

    # -- what a Subscribe asks for

    def _sink(self, asked: Element, resource: Resource, identifier: str) -> Destination:
        delivery = asked.find(tag(EVENTING, "Delivery"))
        to = None if delivery is None else delivery.find(tag(EVENTING, "NotifyTo"))
        if delivery is None or to is None:
            raise Fault("wse:InvalidMessage")
        mode = MODES.get((delivery.get("Mode") or f"{EVENTING}/DeliveryModes/Push").strip())
        if mode is None:
            raise Fault("wse:DeliveryModeRequestedUnavailable", reason=_modes())
        if asked.find(tag(EVENTING, "EndTo")) is not None:
            raise Fault("wsman:UnsupportedFeature", "AddressingMode")
        if asked.find(tag(WSMAN, "SendBookmarks")) is not None:
            raise Fault("wsman:UnsupportedFeature", "Bookmarks")
        for name, detail in _UNSUPPORTED.items():
            if delivery.find(tag(WSMAN, name)) is not None:
                raise Fault("wsman:UnsupportedFeature", detail)
        url = (to.findtext(tag(ADDRESSING, "Address")) or "").strip()
        target = guard.parse(url)
        if isinstance(target, Message):
            raise Fault("wse:InvalidMessage", reason=target)
        sink = EventSink(mode, resource.base, _returned(to))
        return Destination(identifier, url, Persistence.TRANSIENT, creation_class=SINK_CLASS, sink=sink)

    def _duration(self, asked: Element) -> int:
        """Seconds that are granted: as asked, up to ten years (W16)."""
        text = (asked.findtext(tag(EVENTING, "Expires")) or "").strip()
        if not text:
            return DEFAULT_S
        seconds = seconds_of(text)
        if seconds is None and _MOMENT.match(text):
            seconds = _moment(text) - self._wall()
        if seconds is None or seconds <= 0:
            raise Fault("wse:InvalidExpirationTime")
        return min(math.ceil(seconds), LONGEST_S)

    def _filter(self, asked: Element, resource: Resource, identifier: str) -> tuple[Filter, bool]:
        """The filter, and whether it comes with the subscription (W15)."""
        filters = [found for space in (WSMAN, EVENTING) for found in asked.iterfind(tag(space, "Filter"))]
        if len(filters) > 1:
            raise Fault("wse:InvalidMessage")
        if _is_filter(resource):
            if filters:
                raise Fault("wsman:InvalidParameter")
            return self._existing(resource), False
        if not filters:
            if resource.is_all:
                raise Fault("wsman:UnsupportedFeature", "FilteringRequired")
            return self._of_class(resource, identifier), True
        language = QUERY_LANGUAGES.get((filters[0].get("Dialect") or XPATH_DIALECT).strip())
        if language is None:
            raise Fault("wse:FilteringRequestedUnavailable")
        wanted = Filter(identifier, "".join(filters[0].itertext()).strip(), language)
        try:
            classname = self._check_query(wanted)
        except CIMError as refused:
            raise Fault("wsen:CannotProcessFilter", reason=refused.reason) from refused
        if not resource.is_all and classname.lower() != resource.classname.lower():
            raise Fault("wse:EventSourceUnableToProcess")
        return wanted, True

    def _existing(self, resource: Resource) -> Filter:
        name = next((value for key, value in resource.keys if key.lower() == "name"), None)
        found = self._registry.book.filters.get(Filter(str(name), "").key)
        if found is None:
            raise Fault(UNREACHABLE)
        return found

    def _of_class(self, resource: Resource, identifier: str) -> Filter:
        wanted = Filter(identifier, f"SELECT * FROM {resource.classname}")  # noqa: S608  of the query engine
        try:
            self._check_query(wanted)
        except CIMError as refused:
            raise Fault(UNREACHABLE, "InvalidResourceURI", refused.reason) from refused
        return wanted


def _asked(request: Envelope, name: str) -> Element:
    asked = request.content
    if asked is None or asked.tag != tag(EVENTING, name):
        raise Fault("wse:InvalidMessage")
    return asked


def _is_filter(resource: Resource) -> bool:
    return resource.classname.lower() == "cim_indicationfilter"


def _returned(to: Element) -> str:
    """What comes back as headers of every event: the sink's reference properties and parameters."""
    names = ("ReferenceProperties", "ReferenceParameters")
    found = [child for name in names for each in to.iterfind(tag(ADDRESSING, name)) for child in each]
    text = "".join(ElementTree.tostring(child, encoding="unicode").strip() for child in found)
    if len(text) > HEADERS_MOST:
        raise Fault("wsman:EncodingLimit", "ServiceEnvelopeLimit")
    return text


def _modes() -> Message:
    return Message.of("wsman.modes", modes=", ".join(MODES))


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("wse:InvalidExpirationTime") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _expires(seconds: int) -> str:
    return f"<wse:Expires>PT{seconds}S</wse:Expires>"


def _answer(name: str, content: str) -> Answer:
    return f"{EVENTING}/{name}Response", f"<wse:{name}Response>{content}</wse:{name}Response>", ""


def _call(operation: str, identifier: str) -> Call:
    """The operation whose rights a request needs, as the audit log tells it."""
    return Call(operation, INTEROP, {"instancename": Path(SINK_CLASS, (("Name", identifier),))})
