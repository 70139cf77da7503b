"""Filters, listener destinations and subscriptions as instances of the interop namespace (DSP1054 1.2).

Clients make and remove them with plain CIM operations; what is left out is filled in, because clients read
back what they made (pywbem). References between them carry no namespace here: the answer spells the one that
the client knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, TypeVar

from esmd.registry import Registry
from esmd.wbem import indication_service
from esmd.wbem.interop import INTEROP
from esmd.wbem.wsman.names import HTTPS_BASIC
from indications.delivery import guard
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path, normal_namespace
from openesm.cim.provider import NAMESPACE, Association, Provider, Row
from openesm.cim.schema import Namespace
from openesm.host import Host
from openesm.text import Message
from subscription.book import Key
from subscription.model import (
    DESTINATION_CLASSES,
    SINK_CLASS,
    Destination,
    FatalErrorPolicy,
    Filter,
    IndicationService,
    Persistence,
    RepeatPolicy,
    Subscription,
    SubscriptionState,
)
from subscription.query import parse

ALIASES = {"interop": INTEROP, "root/pg_interop": INTEROP}
SYSTEM_CLASS = "CIM_ComputerSystem"

E = TypeVar("E", bound=IntEnum)


class Subscriptions:
    """The providers of the subscription classes.

    Args:
        registry: keeps them.
        indications: the namespace of the indication classes.
        now: agent time; `wall`: seconds since the epoch.
        service: what CIM_IndicationService promises now.
    """

    def __init__(
        self,
        registry: Registry,
        indications: Namespace,
        now: Callable[[], float],
        wall: Callable[[], float],
        service: Callable[[], IndicationService],
    ) -> None:
        self._registry = registry
        self._indications = indications
        self._now = now
        self._wall = wall
        self._promise = service

    def providers(self) -> tuple[Provider[Any] | Association, ...]:
        destinations = tuple(self._destinations(classname) for classname in DESTINATION_CLASSES)
        affected = ("CIM_IndicationFilter", *DESTINATION_CLASSES, SINK_CLASS)
        return (
            self._filters(),
            *destinations,
            self._sinks(),
            self._subscriptions(),
            *indication_service.providers(self._promise, affected),
        )

    def _book(self) -> object:
        """Another one after each change, by whatever way it came."""
        return self._registry.book

    # -- filters

    def _filters(self) -> Provider[Filter]:
        return Provider(
            classname="CIM_IndicationFilter",
            namespace=INTEROP,
            read=lambda _host: self._registry.book.filters.values(),
            element=lambda found: found.name,
            instance=lambda found: {
                "Name": found.name,
                "ElementName": found.element_name,
                "SourceNamespace": found.source_namespaces[0] if found.source_namespaces else None,
                "SourceNamespaces": list(found.source_namespaces),
                "IndividualSubscriptionSupported": found.individual,
                "Query": found.query,
                "QueryLanguage": found.language,
            },
            version=self._book,
            create=self._create_filter,
            delete=lambda _host, found: self._registry.remove_filter(found.key),
        )

    def _create_filter(self, _host: Host, row: Row) -> Row:
        new = Filter(
            name=_text(row, "Name"),
            query=_text(row, "Query"),
            language=_text(row, "QueryLanguage", "WQL"),
            source_namespaces=_namespaces(row),
            element_name=_optional(row, "ElementName"),
            individual=row.get("IndividualSubscriptionSupported") is not False,
        )
        self.check_query(new)
        self._registry.add_filter(new)
        return {**row, "Name": new.name, "CreationClassName": new.creation_class}

    def check_query(self, new: Filter) -> str:
        """A query that cannot be answered is refused now, not at delivery; its class."""
        query = parse(new.query, new.language)
        cls = self._indications.get(query.classname)
        if cls is None or not cls.isa("CIM_Indication"):
            raise CIMError.of(
                Status.INVALID_QUERY,
                "subscription.not-an-indication",
                name=query.classname,
                namespace=self._indications.name,
            )
        query.check(cls)
        return cls.name

    # -- destinations

    def _destinations(self, classname: str) -> Provider[Destination]:
        older = "Handler" in classname
        return Provider(
            classname=classname,
            namespace=INTEROP,
            read=lambda _host: [
                d for d in self._registry.book.destinations.values() if d.creation_class == classname
            ],
            element=lambda found: found.name,
            instance=lambda found: {
                "Name": found.name,
                "ElementName": found.element_name,
                "Destination": guard.masked(found.url),
                "PersistenceType": int(found.persistence),
                "Protocol": 2,
                **({"Owner": found.owner or None} if older else {}),
            },
            version=self._book,
            create=lambda _host, row: self._create_destination(classname, row),
            delete=lambda _host, found: self._registry.remove_destination(found.key),
        )

    def _sinks(self) -> Provider[Destination]:
        """Sinks of WS-Management come with Subscribe and go with their subscription."""
        return Provider(
            classname=SINK_CLASS,
            namespace=INTEROP,
            read=lambda _host: [d for d in self._registry.book.destinations.values() if d.sink is not None],
            element=lambda found: found.name,
            instance=_sink_row,
            version=self._book,
            delete=lambda _host, found: self._registry.remove_destination(found.key),
        )

    def _create_destination(self, classname: str, row: Row) -> Row:
        url = _text(row, "Destination")
        target = guard.parse(url)
        if isinstance(target, Message):
            raise CIMError(Status.INVALID_PARAMETER, target)
        new = Destination(
            name=_text(row, "Name"),
            url=url,
            persistence=_choice(row, "PersistenceType", Persistence, Persistence.PERMANENT),
            creation_class=classname,
            element_name=_optional(row, "ElementName"),
            owner=_optional(row, "Owner") or "",
        )
        self._registry.add_destination(new)
        return {**row, "Name": new.name, "CreationClassName": classname}

    # -- subscriptions

    def _subscriptions(self) -> Provider[Subscription]:
        return Provider(
            classname="CIM_IndicationSubscription",
            namespace=INTEROP,
            read=lambda _host: list(self._registry.book.active_or_disabled(self._now())),
            element=lambda found: f"{found.filter_key[1]} {found.destination_key[1]}",
            instance=self._subscription_row,
            version=self._book,
            create=self._create_subscription,
            modify=self._modify_subscription,
            delete=lambda _host, found: self._registry.unsubscribe(found.key),
        )

    def _subscription_row(self, found: Subscription) -> Row:
        return {
            "Filter": self._reference("CIM_IndicationFilter", found.filter_key[1]),
            "Handler": self._reference(
                self._registry.book.destinations[found.destination_key].creation_class,
                found.destination_key[1],
            ),
            "OnFatalErrorPolicy": int(found.on_fatal_error),
            "FailureTriggerTimeInterval": found.failure_trigger_s,
            "SubscriptionState": int(found.state),
            "TimeOfLastStateChange": _moment(found.state_changed_at or found.started_at),
            "SubscriptionDuration": found.duration_s,
            "SubscriptionStartTime": _moment(found.started_at),
            "SubscriptionTimeRemaining": found.remaining_s(self._now()),
            "RepeatNotificationPolicy": int(found.repeat),
            "RepeatNotificationInterval": found.repeat_interval_s,
            "RepeatNotificationGap": found.repeat_gap_s,
            "RepeatNotificationCount": found.repeat_count,
            "SubscriptionInfo": found.info,
        }

    def _reference(self, classname: str, name: str) -> Path:
        system = {"SystemCreationClassName": SYSTEM_CLASS, "SystemName": self._registry.system_name}
        return Path.of(classname, {**system, "CreationClassName": classname, "Name": name})

    def _create_subscription(self, _host: Host, row: Row) -> Row:
        duration = _whole(row, "SubscriptionDuration")
        new = Subscription(
            filter_key=_key(row, "Filter", self._registry.book.filters),
            destination_key=_key(row, "Handler", self._registry.book.destinations),
            started_at=self._wall(),
            duration_s=duration,
            expires_at=None if duration is None else self._now() + duration,
            state=_choice(row, "SubscriptionState", SubscriptionState, SubscriptionState.ENABLED),
            on_fatal_error=_choice(row, "OnFatalErrorPolicy", FatalErrorPolicy, FatalErrorPolicy.IGNORE),
            failure_trigger_s=_whole(row, "FailureTriggerTimeInterval"),
            repeat=_choice(row, "RepeatNotificationPolicy", RepeatPolicy, RepeatPolicy.NONE),
            repeat_count=_whole(row, "RepeatNotificationCount"),
            repeat_interval_s=_whole(row, "RepeatNotificationInterval"),
            repeat_gap_s=_whole(row, "RepeatNotificationGap"),
            info=_optional(row, "SubscriptionInfo"),
        )
        self._registry.subscribe(new)
        made = self._subscription_row(self._registry.book.subscriptions[new.key])
        return {"Filter": made["Filter"], "Handler": made["Handler"]}

    def _modify_subscription(self, _host: Host, found: Subscription, changes: Row) -> None:
        """State, duration and text can be changed; a new duration counts from now."""
        changed = found
        if "SubscriptionState" in changes:
            state = _choice(changes, "SubscriptionState", SubscriptionState, found.state)
            changed = replace(changed, state=state, state_changed_at=self._wall())
        if "SubscriptionDuration" in changes and changes["SubscriptionDuration"] != found.duration_s:
            duration = _whole(changes, "SubscriptionDuration")
            changed = replace(
                changed,
                duration_s=duration,
                expires_at=None if duration is None else self._now() + duration,
                started_at=self._wall(),
            )
        if "SubscriptionInfo" in changes:
            changed = replace(changed, info=_optional(changes, "SubscriptionInfo"))
        self._registry.change_subscription(changed)


def _sink_row(found: Destination) -> Row:
    sink = found.sink
    assert sink is not None
    return {
        "Name": found.name,
        "Destination": guard.masked(found.url),
        "PersistenceType": int(found.persistence),
        "Protocol": 4,
        "DeliveryMode": int(sink.mode),
        "Heartbeat": sink.heartbeat_s or None,
        "SendBookmark": sink.bookmarks,
        "DestinationEndTo": sink.end_to or None,
        "DeliveryAuth": HTTPS_BASIC if sink.user else None,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(row: Row, name: str, default: str = "") -> str:
    value = row.get(name)
    text = value if isinstance(value, str) else default
    if not text:
        raise CIMError.of(Status.INVALID_PARAMETER, "subscription.missing", name=name)
    return text


def _optional(row: Row, name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) else None


def _whole(row: Row, name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) else None


def _choice(row: Row, name: str, kind: type[E], default: E) -> E:
    value = row.get(name)
    if value is None:
        return default
    try:
        return kind(int(str(value)))
    except ValueError:
        raise CIMError.of(
            Status.INVALID_PARAMETER, "subscription.bad-value", name=name, value=value
        ) from None


def _namespaces(row: Row) -> tuple[str, ...]:
    """SourceNamespaces, the older SourceNamespace, or the namespace of our indications.

    A client that names the namespace it made the filter in means that one (cimsub without -N).
    """
    listed = row.get("SourceNamespaces")
    given = [str(name) for name in listed] if isinstance(listed, list | tuple) else []
    single = row.get("SourceNamespace")
    if not given and isinstance(single, str):
        given = [single]
    known = (normal_namespace(name) for name in given)
    if not given or all(ALIASES.get(name, name) == INTEROP for name in known):
        return (NAMESPACE,)
    return tuple(given)


def _key(row: Row, name: str, known: Iterable[Key]) -> Key:
    """The key of the filter or destination that a reference names."""
    path = row.get(name)
    if not isinstance(path, Path):
        raise CIMError.of(Status.INVALID_PARAMETER, "subscription.missing", name=name)
    wanted = path.classname.lower(), str(path.get("Name") or "")
    return next((key for key in known if key == wanted), wanted)
