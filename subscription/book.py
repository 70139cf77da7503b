"""All filters, listener destinations and subscriptions at a moment: a frozen value with the rules of DSP1054.

Every change gives a new book or refuses with a CIM error; nothing here knows a store or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from openesm.cim.errors import CIMError, Status
from subscription.model import Destination, Filter, Persistence, RepeatPolicy, Subscription, SubscriptionState

Key = tuple[str, str]
SubscriptionKey = tuple[Key, Key]

MAX_DESTINATIONS = 500
MAX_SUBSCRIPTIONS = 1000


@dataclass(frozen=True, slots=True)
class Book:
    """Filters, destinations and subscriptions by their keys."""

    filters: Mapping[Key, Filter] = field(default_factory=dict)
    destinations: Mapping[Key, Destination] = field(default_factory=dict)
    subscriptions: Mapping[SubscriptionKey, Subscription] = field(default_factory=dict)

    # -- filters

    def with_filter(self, new: Filter) -> Book:
        if new.key in self.filters:
            raise _exists(new.name)
        return replace(self, filters={**self.filters, new.key: new})

    def without_filter(self, key: Key) -> Book:
        """FAILED while a subscription refers to it; static filters stay (I13)."""
        found = self.filters[key]
        if found.static:
            raise CIMError.of(Status.FAILED, "subscription.static-filter", name=found.name)
        self._check_unused(found.name, (s.filter_key == key for s in self.subscriptions.values()))
        return replace(self, filters={k: v for k, v in self.filters.items() if k != key})

    # -- destinations

    def with_destination(self, new: Destination) -> Book:
        if new.key in self.destinations:
            raise _exists(new.name)
        if len(self.destinations) >= MAX_DESTINATIONS:
            raise _too_many(MAX_DESTINATIONS)
        return replace(self, destinations={**self.destinations, new.key: new})

    def without_destination(self, key: Key) -> Book:
        """A transient destination takes its subscriptions with it; any other must not be in use (I12)."""
        found = self.destinations[key]
        subscriptions = self.subscriptions
        if found.persistence is Persistence.TRANSIENT:
            subscriptions = {k: s for k, s in subscriptions.items() if s.destination_key != key}
        else:
            self._check_unused(found.name, (s.destination_key == key for s in subscriptions.values()))
        destinations = {k: v for k, v in self.destinations.items() if k != key}
        return replace(self, destinations=destinations, subscriptions=subscriptions)

    # -- subscriptions

    def with_subscription(self, new: Subscription) -> Book:
        if new.key in self.subscriptions:
            raise _exists(f"{new.filter_key[1]} / {new.destination_key[1]}")
        if new.filter_key not in self.filters:
            raise CIMError.of(Status.INVALID_PARAMETER, "subscription.no-filter", name=new.filter_key[1])
        if new.destination_key not in self.destinations:
            raise CIMError.of(
                Status.INVALID_PARAMETER, "subscription.no-destination", name=new.destination_key[1]
            )
        if not self.filters[new.filter_key].individual:
            raise CIMError.of(Status.FAILED, "subscription.not-individual", name=new.filter_key[1])
        if len(self.subscriptions) >= MAX_SUBSCRIPTIONS:
            raise _too_many(MAX_SUBSCRIPTIONS)
        check(new)
        return replace(self, subscriptions={**self.subscriptions, new.key: new})

    def changed(self, subscription: Subscription) -> Book:
        """The book with another value of a subscription that it has."""
        check(subscription)
        return replace(self, subscriptions={**self.subscriptions, subscription.key: subscription})

    def without_subscription(self, key: SubscriptionKey) -> Book:
        return replace(self, subscriptions={k: s for k, s in self.subscriptions.items() if k != key})

    # -- questions

    def expired(self, now: float) -> list[Subscription]:
        """Those whose time is over at agent time `now`."""
        return [s for s in self.subscriptions.values() if s.has_expired(now)]

    def active(self, now: float) -> Iterator[Subscription]:
        """Those that indications go out under: enabled or degraded, and not expired (I08)."""
        for subscription in self.subscriptions.values():
            if subscription.state is not SubscriptionState.DISABLED and not subscription.has_expired(now):
                yield subscription

    def active_or_disabled(self, now: float) -> Iterator[Subscription]:
        """All whose time is not over."""
        return (s for s in self.subscriptions.values() if not s.has_expired(now))

    def idle_sinks(self) -> list[Destination]:
        """The sinks of WS-Management that no subscription has any more."""
        used = {s.destination_key for s in self.subscriptions.values()}
        return [d for k, d in self.destinations.items() if d.sink is not None and k not in used]

    def filter_of(self, subscription: Subscription) -> Filter:
        return self.filters[subscription.filter_key]

    def destination_of(self, subscription: Subscription) -> Destination:
        return self.destinations[subscription.destination_key]

    @staticmethod
    def _check_unused(name: str, uses: Iterator[bool]) -> None:
        if any(uses):
            raise CIMError.of(Status.FAILED, "subscription.in-use", name=name)


def check(subscription: Subscription) -> None:
    """INVALID_PARAMETER for values that do not go together (I08, I10, I11)."""
    numbers = {
        "SubscriptionDuration": subscription.duration_s,
        "FailureTriggerTimeInterval": subscription.failure_trigger_s,
        "RepeatNotificationInterval": subscription.repeat_interval_s,
        "RepeatNotificationGap": subscription.repeat_gap_s,
        "RepeatNotificationCount": subscription.repeat_count,
    }
    for name, value in numbers.items():
        if value is not None and value <= 0:
            raise CIMError.of(Status.INVALID_PARAMETER, "subscription.not-positive", name=name)
    needed: dict[RepeatPolicy, tuple[str, ...]] = {
        RepeatPolicy.SUPPRESS: ("RepeatNotificationCount", "RepeatNotificationInterval"),
        RepeatPolicy.DELAY: (
            "RepeatNotificationCount",
            "RepeatNotificationInterval",
            "RepeatNotificationGap",
        ),
    }
    for name in needed.get(subscription.repeat, ()):
        if numbers[name] is None:
            raise CIMError.of(Status.INVALID_PARAMETER, "subscription.repeat-needs", name=name)


def _exists(name: str) -> CIMError:
    return CIMError.of(Status.ALREADY_EXISTS, "subscription.exists", name=name)


def _too_many(most: int) -> CIMError:
    return CIMError.of(Status.SERVER_LIMITS_EXCEEDED, "subscription.too-many", most=most)
