"""Alerts as events of WS-Management, and what a sink's answer to one means (DSP0226 10). Pure."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from esmd.wbem.wsman.envelope import message, root_of
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ADDRESSING, EVENTING, SOAP, WSMAN_ACTIONS, tag
from esmd.wbem.wsman.values import Writer
from indications.delivery import Declined, Undelivered
from indications.delivery.answer import Response
from indications.delivery.export import REFUSALS, Refused
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import Class
from openesm.cim.values import Value
from openesm.cim.xmltext import escape
from openesm.text import Language, Message
from subscription.model import DeliveryMode, Destination, Ending, EventSink

MEDIA = "application/soap+xml;charset=UTF-8"
EVENT, EVENTS, HEARTBEAT = (f"{WSMAN_ACTIONS}/{name}" for name in ("Event", "Events", "Heartbeat"))
SUBSCRIPTION_END = f"{EVENTING}/SubscriptionEnd"
# the standard's, and the one that openwsman writes
ACKS = (f"{WSMAN_ACTIONS}/Ack", "http://schemas.xmlsoap.org/wbmem/wsman/1/wsman/Ack")


class Form:
    """How events are written for one sink.

    Args:
        url: of the sink.
    """

    def __init__(self, url: str, sink: EventSink) -> None:
        self._url = url
        self._sink = sink
        self._writers: dict[str, Writer] = {}

    def item(self, cls: Class, properties: Mapping[str, Value]) -> str:
        """One event alone, for a sink that fetches.

        Raises:
            TypeError: a property's value is not of its type.
        """
        writer = self._writers.get(cls.name)
        if writer is None:
            base = self._sink.base
            writer = self._writers[cls.name] = Writer(cls, f"{base}{cls.name}", base, NAMESPACE)
        return writer.write(properties)

    def event(self, message_id: str, cls: Class, properties: Mapping[str, Value], bookmark: str) -> bytes:
        """The request that carries one event.

        Args:
            bookmark: of this event, for sinks that want it.

        Raises:
            TypeError: a property's value is not of its type.
        """
        header = self.bookmark(bookmark)
        if self._sink.mode is not DeliveryMode.PUSH:
            header += "<wsman:AckRequested/>"
        return self._request(message_id, EVENT, header, self.item(cls, properties))

    def bookmark(self, uuid_of_alert: str) -> str:
        """The header by which a later subscription goes on after an event (DSP0226 10.2.6)."""
        return f"<wsman:Bookmark>{uuid_of_alert}</wsman:Bookmark>" if self._sink.bookmarks else ""

    def heartbeat(self) -> bytes:
        """The request that says that there is nothing to say (DSP0226 10.2.5)."""
        return self._request(f"uuid:{uuid.uuid4()}", HEARTBEAT, "", "")

    def _request(self, message_id: str, action: str, header: str, body: str) -> bytes:
        if self._sink.mode is DeliveryMode.EVENTS:
            body = f'<wsman:Events><wsman:Event Action="{action}">{body}</wsman:Event></wsman:Events>'
            action = EVENTS
        return message(self._url, action, message_id, self._sink.headers + header, body).encode("utf-8")

    def check(self, message_id: str, response: Response) -> None:
        """Returns when the sink has the event: any 2xx for Push, else the acknowledgement of this very event.

        Args:
            message_id: of the event; "" for a heartbeat, which needs no acknowledgement.

        Raises:
            Undelivered: it has not; `Refused` where it should be asked seldom, `Declined` where never again.
        """
        status, answer = response.status, _root(response)
        if answer is not None and _subcode(answer) == "DeliveryRefused":
            raise Declined(Message.of("delivery.answer-declined"), retry=True)
        if status in REFUSALS:
            raise Refused(Message.of("delivery.answer-refused", status=status), retry=True)
        if not 200 <= status < 300:
            raise Undelivered(Message.of("delivery.answer-status", status=status, detail=""), retry=True)
        if self._sink.mode is DeliveryMode.PUSH or not message_id:
            return
        if answer is None:
            raise Undelivered(Message.of("delivery.answer-garbled"), retry=True)
        relates_to = _header(answer, "RelatesTo")
        if _header(answer, "Action") not in ACKS or relates_to not in ("", message_id):
            raise Undelivered(Message.of("delivery.answer-no-ack"), retry=True)


def subscription_end(ended: Destination, why: Ending, language: Language) -> bytes:
    """The message that tells a sink of the end of its subscription (DSP0226 10.8)."""
    sink = ended.sink
    assert sink is not None
    reason = Message.of(f"wsman.end-{why.name.lower().replace('_', '-')}").text(language)
    body = (
        f"<wse:SubscriptionEnd><wse:SubscriptionManager><wsa:Address>{escape(sink.manager)}</wsa:Address>"
        f"<wsa:ReferenceParameters><wse:Identifier>{escape(ended.name)}</wse:Identifier>"
        f"</wsa:ReferenceParameters></wse:SubscriptionManager><wse:Status>{EVENTING}/{why}</wse:Status>"
        f'<wse:Reason xml:lang="{language}">{escape(reason)}</wse:Reason></wse:SubscriptionEnd>'
    )
    text = message(sink.end_to, SUBSCRIPTION_END, f"uuid:{uuid.uuid4()}", sink.end_headers, body)
    return text.encode("utf-8")


def http_headers(sink: EventSink) -> tuple[tuple[str, str], ...]:
    """The HTTP headers of what is sent to a sink, with its credentials."""
    media = ("Content-Type", MEDIA)
    if not sink.user:
        return (media,)
    words = base64.b64encode(f"{sink.user}:{sink.password}".encode()).decode("ascii")
    return media, ("Authorization", f"Basic {words}")


def _root(response: Response) -> Element | None:
    try:
        return root_of(response.body)[0] if response.body else None
    except Fault:
        return None


def _header(root: Element, name: str) -> str:
    found = root.find(f"{tag(SOAP, 'Header')}/{tag(ADDRESSING, name)}")
    return "" if found is None else (found.text or "").strip()


def _subcode(root: Element) -> str:
    """The subcode of a fault without its prefix."""
    path = "/".join(tag(SOAP, name) for name in ("Body", "Fault", "Code", "Subcode", "Value"))
    return (root.findtext(path) or "").strip().rpartition(":")[2]
