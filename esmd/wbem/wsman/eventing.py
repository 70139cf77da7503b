"""Subscribe, Renew, GetStatus and Unsubscribe (DSP0226 10) on the subscriptions of the agent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from xml.etree.ElementTree import Element

from esmd.auth.principal import Principal
from esmd.outbox import Outbox
from esmd.registry import Registry
from esmd.wbem.interop import INTEROP
from esmd.wbem.results import Call
from esmd.wbem.wsman.calls import Calls
from esmd.wbem.wsman.enumerating import QUERY_LANGUAGES
from esmd.wbem.wsman.envelope import Envelope
from esmd.wbem.wsman.fault import UNREACHABLE, Fault
from esmd.wbem.wsman.names import EVENTING, XPATH_DIALECT, tag
from esmd.wbem.wsman.resources import Resource, resource_of
from esmd.wbem.wsman.subscribing import EARLIEST, Wanted, duration_of, wanted_of
from esmd.wbem.wsman.transfer import Answer
from openesm.cim.errors import CIMError
from openesm.cim.path import Path, normal_namespace
from openesm.cim.provider import NAMESPACE
from openesm.cim.xmltext import escape
from openesm.text import Message
from subscription.model import (
    SINK_CLASS,
    Destination,
    FatalErrorPolicy,
    Filter,
    Persistence,
    Subscription,
)


class Eventing:
    """Carries them out; each gives the action of its answer, its body and more headers.

    Args:
        outbox: has the history, for bookmarks.
        check_query: refuses a filter whose query cannot be answered, else gives its class.
        now: agent time; `wall`: seconds since the epoch.
    """

    def __init__(
        self,
        registry: Registry,
        outbox: Outbox,
        check_query: Callable[[Filter], str],
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._outbox = outbox
        self._check_query = check_query
        self._now = now
        self._wall = wall

    async def subscribe(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        asked = _asked(request, "Subscribe")
        resource = resource_of(request.resource_uri, request.selectors)
        if normal_namespace(resource.namespace) != normal_namespace(NAMESPACE) and not _is_filter(resource):
            raise Fault(UNREACHABLE, "InvalidResourceURI")
        identifier = f"uuid:{uuid.uuid4()}"
        wanted = wanted_of(asked, request, resource.base, self._wall())
        select, is_new = self._filter(wanted, resource, identifier)
        sink = Destination(
            identifier,
            wanted.url,
            Persistence.TRANSIENT,
            creation_class=SINK_CLASS,
            owner=principal.name,
            sink=wanted.sink,
        )
        new = self._subscription(select, sink, wanted)
        await calls.change(
            call("CreateInstance", identifier),
            principal,
            lambda: self._subscribe(new, sink, select, wanted.bookmark, is_new=is_new),
        )
        content = (
            f"<wse:SubscriptionManager><wsa:Address>{escape(request.to)}</wsa:Address>"
            f"<wsa:ReferenceParameters><wse:Identifier>{identifier}</wse:Identifier>"
            f"</wsa:ReferenceParameters></wse:SubscriptionManager>{_expires(wanted.duration_s)}"
        )
        if sink.is_pulled:
            content += f"<wsen:EnumerationContext>{identifier}/0</wsen:EnumerationContext>"
        return _answer("Subscribe", content)

    def _subscription(self, select: Filter, sink: Destination, wanted: Wanted) -> Subscription:
        patience = wanted.failure_trigger_s
        return Subscription(
            select.key,
            sink.key,
            self._wall(),
            duration_s=wanted.duration_s,
            expires_at=self._now() + wanted.duration_s,
            on_fatal_error=FatalErrorPolicy.IGNORE if patience is None else FatalErrorPolicy.REMOVE,
            failure_trigger_s=patience,
        )

    def _subscribe(
        self, new: Subscription, sink: Destination, select: Filter, bookmark: str | None, *, is_new: bool
    ) -> None:
        """In a thread: the history may be long."""
        since = None
        if bookmark is not None:
            number = 0 if bookmark == EARLIEST else self._outbox.number_of(bookmark)
            if number is None:
                raise Fault("wsman:InvalidBookmark", "Expired")
            since = self._outbox.since(number, select)
        self._registry.subscribe(new, to=sink, by=select if is_new else None, since=since)

    async def renew(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        asked = _asked(request, "Renew")
        found = self._find(request, "wse:UnableToRenew")
        duration = duration_of(asked, self._wall())
        renewed = replace(
            found, duration_s=duration, expires_at=self._now() + duration, started_at=self._wall()
        )
        await calls.change(
            call("ModifyInstance", request.identifier),
            principal,
            lambda: self._registry.change_subscription(renewed),
        )
        return _answer("Renew", _expires(duration))

    async def get_status(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        _asked(request, "GetStatus")
        calls.permit(call("GetInstance", request.identifier), principal)
        left = self._find(request, "wse:InvalidMessage").remaining_s(self._now())
        return _answer("GetStatus", "" if left is None else _expires(left))

    async def unsubscribe(self, calls: Calls, request: Envelope, principal: Principal) -> Answer:
        _asked(request, "Unsubscribe")
        found = self._find(request, "wse:InvalidMessage")
        await calls.change(
            call("DeleteInstance", request.identifier),
            principal,
            lambda: self._end(found),
        )
        return f"{EVENTING}/UnsubscribeResponse", "", ""

    def _end(self, found: Subscription) -> None:
        """At the sink's own wish; what one that fetches has not fetched is forgotten."""
        if self._registry.book.destination_of(found).is_pulled:
            self._registry.remove_sink(found.destination_key)
        else:
            self._registry.unsubscribe(found.key, None)

    def _find(self, request: Envelope, subcode: str) -> Subscription:
        key = sink_key(request.identifier)
        for subscription in self._registry.book.active_or_disabled(self._now()):
            if subscription.destination_key == key:
                return subscription
        raise Fault(subcode, reason=Message.of("wsman.no-subscription", name=request.identifier or "-"))

    # -- filters

    def _filter(self, asked: Wanted, resource: Resource, identifier: str) -> tuple[Filter, bool]:
        """The filter, and whether it comes with the subscription (W15)."""
        filters = asked.filters
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


def sink_key(identifier: str) -> tuple[str, str]:
    """That of the destination of a subscription, which has the same name."""
    return Destination(identifier, "", creation_class=SINK_CLASS).key


def _expires(seconds: int) -> str:
    return f"<wse:Expires>PT{seconds}S</wse:Expires>"


def _answer(name: str, content: str) -> Answer:
    return f"{EVENTING}/{name}Response", f"<wse:{name}Response>{content}</wse:{name}Response>", ""


def call(operation: str, identifier: str) -> Call:
    """The operation whose rights a request needs, as the audit log tells it."""
    return Call(operation, INTEROP, {"instancename": Path(SINK_CLASS, (("Name", identifier),))})
