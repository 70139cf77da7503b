"""What a Subscribe asks for (DSP0226 10.2). Pure."""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from esmd.wbem.wsman.envelope import Envelope, local_name, seconds_of
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.names import (
    ADDRESSING,
    ANONYMOUS,
    EVENTING,
    HTTPS_BASIC,
    WSMAN,
    WSMAN_ACTIONS,
    tag,
)
from indications.delivery import guard
from openesm.text import Message
from subscription.model import DeliveryMode, EventSink

MODES = {
    f"{EVENTING}/DeliveryModes/Push": DeliveryMode.PUSH,
    f"{WSMAN_ACTIONS}/PushWithAck": DeliveryMode.PUSH_WITH_ACK,
    f"{WSMAN_ACTIONS}/Events": DeliveryMode.EVENTS,
    f"{WSMAN_ACTIONS}/Pull": DeliveryMode.PULL,
}
EARLIEST = f"{WSMAN_ACTIONS}/bookmark/earliest"
DEFAULT_S = 86400  # where the client does not say
LONGEST_S = 315_360_000
HEADERS_MOST = 4096
CREDENTIALS_MOST = 256
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One Subscribe.

    Attributes:
        url: of the sink; the anonymous address where it fetches.
        duration_s: how long, as granted.
        filters: the Filter elements.
        bookmark: the alert after which the stream goes on, or `EARLIEST`; None for what comes from now on.
        failure_trigger_s: how long the sink may be out of reach; None for as long as the agent allows.
    """

    url: str
    sink: EventSink
    duration_s: int
    filters: tuple[Element, ...]
    bookmark: str | None = None
    failure_trigger_s: int | None = None


def wanted_of(asked: Element, request: Envelope, base: str, wall: float) -> Wanted:
    """Reads a Subscribe element.

    Args:
        base: of the ResourceURIs in the events.
        wall: now, in seconds since the epoch.

    Raises:
        Fault: something in it is wrong or cannot be given.
    """
    delivery = asked.find(tag(EVENTING, "Delivery"))
    if delivery is None:
        raise Fault("wse:InvalidMessage")
    mode = MODES.get((delivery.get("Mode") or f"{EVENTING}/DeliveryModes/Push").strip())
    if mode is None:
        raise Fault("wse:DeliveryModeRequestedUnavailable", reason=_modes())
    url, headers = ANONYMOUS, ""
    if mode is not DeliveryMode.PULL:
        url, headers = _endpoint(delivery, "NotifyTo")
    end_to, end_headers = "", ""
    if asked.find(tag(EVENTING, "EndTo")) is not None:
        end_to, end_headers = _endpoint(asked, "EndTo")
    user, password = _credentials(delivery, request, url)
    sink = EventSink(
        mode,
        base,
        headers,
        heartbeat_s=_heartbeat(delivery),
        bookmarks=asked.find(tag(WSMAN, "SendBookmarks")) is not None,
        end_to=end_to,
        end_headers=end_headers,
        manager=request.to,
        user=user,
        password=password,
    )
    found = (each for space in (WSMAN, EVENTING) for each in asked.iterfind(tag(space, "Filter")))
    return Wanted(url, sink, duration_of(asked, wall), tuple(found), _bookmark(asked), _patience(delivery))


def duration_of(asked: Element, wall: float) -> int:
    """Seconds that are granted: as asked, up to ten years (W16)."""
    text = (asked.findtext(tag(EVENTING, "Expires")) or "").strip()
    if not text:
        return DEFAULT_S
    seconds = seconds_of(text)
    if seconds is None and _MOMENT.match(text):
        seconds = _moment(text) - wall
    if seconds is None or seconds <= 0:
        raise Fault("wse:InvalidExpirationTime")
    return min(math.ceil(seconds), LONGEST_S)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("wse:InvalidExpirationTime") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _modes() -> Message:
    return Message.of("wsman.modes", modes=", ".join(MODES))


def _endpoint(parent: Element, name: str) -> tuple[str, str]:
    """The URL of an endpoint, and what comes back to it as headers of every message."""
    to = parent.find(tag(EVENTING, name))
    if to is None:
        raise Fault("wse:InvalidMessage")
    url = (to.findtext(tag(ADDRESSING, "Address")) or "").strip()
    target = guard.parse(url)
    if isinstance(target, Message):
        raise Fault("wse:InvalidMessage", reason=target)
    kinds = ("ReferenceProperties", "ReferenceParameters")
    found = [child for kind in kinds for each in to.iterfind(tag(ADDRESSING, kind)) for child in each]
    text = "".join(ElementTree.tostring(child, encoding="unicode").strip() for child in found)
    if len(text) > HEADERS_MOST:
        raise Fault("wsman:EncodingLimit", "ServiceEnvelopeLimit")
    return url, text


def _heartbeat(delivery: Element) -> int:
    found = delivery.find(tag(WSMAN, "Heartbeats"))
    if found is None:
        return 0
    seconds = seconds_of(found.text or "")
    if seconds is None or not 0 < seconds <= LONGEST_S:
        raise Fault("wsman:InvalidParameter", "Heartbeats")
    return math.ceil(seconds)


def _patience(delivery: Element) -> int | None:
    """How long ConnectionRetry wants the sink to be tried: so many times, so far apart."""
    found = delivery.find(tag(WSMAN, "ConnectionRetry"))
    if found is None:
        return None
    seconds, total = seconds_of(found.text or ""), (found.get("Total") or "").strip()
    if seconds is None or not 0 < seconds <= LONGEST_S or not (total or "1").isdecimal() or len(total) > 6:
        raise Fault("wsman:InvalidParameter", "ConnectionRetry")
    return min(math.ceil(seconds * int(total)), LONGEST_S) or None if total else None


def _bookmark(asked: Element) -> str | None:
    found = asked.find(tag(WSMAN, "Bookmark"))
    if found is None:
        return None
    text = "".join(found.itertext()).strip()
    if text == EARLIEST:
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Fault("wsman:InvalidBookmark", "InvalidFormat") from None


def _credentials(delivery: Element, request: Envelope, url: str) -> tuple[str, str]:
    """User and password for the sink, which come as a token for its address; only for https."""
    auth = delivery.find(tag(WSMAN, "Auth"))
    if auth is None:
        return "", ""
    if (auth.get("Profile") or "").strip() != HTTPS_BASIC or not url.lower().startswith("https:"):
        raise Fault("wsman:UnsupportedFeature", "AuthorizationMode")
    for issued in () if request.issued_tokens is None else request.issued_tokens:
        said = {local_name(each): each.text or "" for each in issued.iter()}
        user, password = said.get("Username", "").strip(), said.get("Password", "")
        fits = 0 < len(user) <= CREDENTIALS_MOST and len(password) <= CREDENTIALS_MOST and ":" not in user
        if fits and said.get("Address", "").strip() == url:
            return user, password
    raise Fault("wse:InvalidMessage", reason=Message.of("wsman.no-credentials", url=url))
