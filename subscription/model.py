"""Filters, listener destinations and subscriptions as frozen values (DSP1054 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

DESTINATION_CLASSES = ("CIM_ListenerDestinationCIMXML", "CIM_IndicationHandlerCIMXML")
SINK_CLASS = "CIM_ListenerDestinationWSManagement"


class SubscriptionState(IntEnum):
    ENABLED = 2
    DEGRADED = 3
    DISABLED = 4


class FatalErrorPolicy(IntEnum):
    IGNORE = 2
    DISABLE = 3
    REMOVE = 4


class RemovalAction(IntEnum):
    """SubscriptionRemovalAction of CIM_IndicationService (I03)."""

    REMOVE = 2
    DISABLE = 3
    IGNORE = 4


class RepeatPolicy(IntEnum):
    NONE = 2
    SUPPRESS = 3
    DELAY = 4


class Persistence(IntEnum):
    OTHER = 1
    PERMANENT = 2
    TRANSIENT = 3


@dataclass(frozen=True, slots=True)
class Filter:
    """CIM_IndicationFilter; `static` ones are ours and cannot be deleted."""

    name: str
    query: str
    language: str = "WQL"
    source_namespaces: tuple[str, ...] = ("root/ESMPRO/AS",)
    creation_class: str = "CIM_IndicationFilter"
    system_class: str = "CIM_ComputerSystem"
    system_name: str = ""
    element_name: str | None = None
    individual: bool = True
    static: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Identity: class and name; the system is always this one."""
        return self.creation_class.lower(), self.name


class DeliveryMode(IntEnum):
    """How events reach a sink of WS-Management (DSP0226 10.2.9)."""

    PUSH = 2
    PUSH_WITH_ACK = 3
    EVENTS = 4
    PULL = 5


class Ending(StrEnum):
    """Why a subscription of a sink ended before its time: wse:Status of SubscriptionEnd (DSP0226 10.8)."""

    DELIVERY_FAILURE = "DeliveryFailure"
    SHUTTING_DOWN = "SourceShuttingDown"
    CANCELING = "SourceCanceling"


@dataclass(frozen=True, slots=True)
class EventSink:
    """What a sink of WS-Management asked for when it subscribed.

    Attributes:
        base: of the ResourceURIs in its events, with the last slash.
        headers: its reference properties as XML, which come back with every event.
        heartbeat_s: how long it may hear nothing before it gets a heartbeat; 0 for none.
        bookmarks: whether each event says where in the stream it stands.
        end_to: URL that is told of an end before the time, with these `end_headers`; "" for none.
        manager: URL of this service as the sink knows it.
        user, password: what the agent shows to the sink (Basic over https).
    """

    mode: DeliveryMode
    base: str
    headers: str = ""
    heartbeat_s: int = 0
    bookmarks: bool = False
    end_to: str = ""
    end_headers: str = ""
    manager: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Destination:
    """CIM_ListenerDestinationCIMXML, the older CIM_IndicationHandlerCIMXML, or a sink of WS-Management.

    `number` is ours: the store's row, by which queues and sequences are kept. A sink lives as long as its
    subscription and what still waits for it.
    """

    name: str
    url: str
    persistence: Persistence = Persistence.PERMANENT
    creation_class: str = "CIM_ListenerDestinationCIMXML"
    system_class: str = "CIM_ComputerSystem"
    system_name: str = ""
    element_name: str | None = None
    owner: str = ""
    sink: EventSink | None = None
    number: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.creation_class.lower(), self.name

    @property
    def is_pulled(self) -> bool:
        """Whether its events are fetched instead of sent."""
        return self.sink is not None and self.sink.mode is DeliveryMode.PULL

    @property
    def address(self) -> str:
        """By what a receiver is known again: its URL; the user of one that fetches, who has none."""
        return f"{self.url}#{self.owner}" if self.is_pulled else self.url


@dataclass(frozen=True, slots=True)
class Subscription:
    """CIM_IndicationSubscription; times are agent time (esmd.clock) but for what is told to people.

    Attributes:
        expires_at: agent time; None never.
        started_at: wall clock, seconds since the epoch (SubscriptionStartTime).
        repeat_count, repeat_interval_s, repeat_gap_s: of RepeatNotificationPolicy.
    """

    filter_key: tuple[str, str]
    destination_key: tuple[str, str]
    started_at: float
    duration_s: int | None = None
    expires_at: float | None = None
    state: SubscriptionState = SubscriptionState.ENABLED
    state_changed_at: float | None = None
    on_fatal_error: FatalErrorPolicy = FatalErrorPolicy.IGNORE
    failure_trigger_s: int | None = None
    repeat: RepeatPolicy = RepeatPolicy.NONE
    repeat_count: int | None = None
    repeat_interval_s: int | None = None
    repeat_gap_s: int | None = None
    info: str | None = None
    number: int = 0

    @property
    def key(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return self.filter_key, self.destination_key

    def remaining_s(self, now: float) -> int | None:
        """SubscriptionTimeRemaining at agent time `now`; None for ever, never below 0."""
        return None if self.expires_at is None else max(0, round(self.expires_at - now))

    def has_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class IndicationService:
    """What CIM_IndicationService promises (I02, I03); times in seconds.

    Attributes:
        removal: what happens to the subscriptions of a destination that takes nothing for `removal_s`.
    """

    retry_attempts: int
    retry_interval_s: int
    removal: RemovalAction
    removal_s: int
