"""Filters, destinations and subscriptions as JSON, for the store."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from subscription.model import (
    DeliveryMode,
    Destination,
    EventSink,
    FatalErrorPolicy,
    Filter,
    Persistence,
    RepeatPolicy,
    Subscription,
    SubscriptionState,
)


def to_json(value: Filter | Destination | Subscription) -> str:
    return json.dumps(asdict(value), ensure_ascii=False)


def filter_of(text: str) -> Filter:
    found: dict[str, Any] = json.loads(text)
    return Filter(**{**found, "source_namespaces": tuple(found["source_namespaces"])})


def destination_of(text: str, number: int) -> Destination:
    found: dict[str, Any] = json.loads(text)
    sink = found.get("sink")
    kinds = {
        "persistence": Persistence(found["persistence"]),
        "sink": sink and EventSink(**{**sink, "mode": DeliveryMode(sink["mode"])}),
    }
    return Destination(**{**found, **kinds, "number": number})


def subscription_of(text: str, number: int) -> Subscription:
    found: dict[str, Any] = json.loads(text)
    keys = {name: tuple(found[name]) for name in ("filter_key", "destination_key")}
    kinds = {
        "state": SubscriptionState(found["state"]),
        "on_fatal_error": FatalErrorPolicy(found["on_fatal_error"]),
        "repeat": RepeatPolicy(found["repeat"]),
    }
    return Subscription(**{**found, **keys, **kinds, "number": number})
