"""An alert as an event of WS-Management, and what the sink's answer to it means (DSP0226 10.2.9). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from esmd.wbem.wsman.envelope import message, root_of
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import ADDRESSING, SOAP, WSMAN_ACTIONS, tag
from esmd.wbem.wsman.values import Writer
from indications.delivery import Undelivered
from indications.delivery.answer import Response
from indications.delivery.export import REFUSALS, Refused
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import Class
from openesm.cim.values import Value
from openesm.text import Message
from subscription.model import DeliveryMode, EventSink

HEADERS = (("Content-Type", "application/soap+xml;charset=UTF-8"),)
EVENT, EVENTS = f"{WSMAN_ACTIONS}/Event", f"{WSMAN_ACTIONS}/Events"
# the standard's, and the one that openwsman writes
ACKS = (f"{WSMAN_ACTIONS}/Ack", "http://schemas.xmlsoap.org/wbmem/wsman/1/wsman/Ack")


class Form:
    """How events are written for one sink.

    Args:
        url: of the sink.
        cls: of the indications.
    """

    def __init__(self, url: str, sink: EventSink, cls: Class) -> None:
        self._url = url
        self._sink = sink
        self._writer = Writer(cls, f"{sink.base}{cls.name}", sink.base, NAMESPACE)

    def event(self, message_id: str, properties: Mapping[str, Value]) -> bytes:
        """The request that carries one event.

        Raises:
            TypeError: a property's value is not of its type.
        """
        body, header, action = self._writer.write(properties), self._sink.headers, EVENT
        if self._sink.mode is not DeliveryMode.PUSH:
            header += "<wsman:AckRequested/>"
        if self._sink.mode is DeliveryMode.EVENTS:
            action = EVENTS
            body = f'<wsman:Events><wsman:Event Action="{EVENT}">{body}</wsman:Event></wsman:Events>'
        return message(self._url, action, message_id, header, body).encode("utf-8")

    def check(self, message_id: str, response: Response) -> None:
        """Returns when the sink has the event: any 2xx for Push, else the acknowledgement of this very event.

        Raises:
            Undelivered: it has not; `Refused` where it should be asked seldom.
        """
        status = response.status
        if status in REFUSALS:
            raise Refused(Message.of("delivery.answer-refused", status=status), retry=True)
        if not 200 <= status < 300:
            raise Undelivered(Message.of("delivery.answer-status", status=status, detail=""), retry=True)
        if self._sink.mode is DeliveryMode.PUSH:
            return
        try:
            root, _ = root_of(response.body)
        except Fault:
            raise Undelivered(Message.of("delivery.answer-garbled"), retry=True) from None
        relates_to = _header(root, "RelatesTo")
        if _header(root, "Action") not in ACKS or relates_to not in ("", message_id):
            raise Undelivered(Message.of("delivery.answer-no-ack"), retry=True)


def _header(root: Element, name: str) -> str:
    found = root.find(f"{tag(SOAP, 'Header')}/{tag(ADDRESSING, name)}")
    return "" if found is None else (found.text or "").strip()
