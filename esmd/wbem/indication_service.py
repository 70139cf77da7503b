"""CIM_IndicationService and what it can do, with their associations (DSP1054 1.2, I02, I03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esmd.wbem.interop import INTEROP
from openesm.cim.provider import Association, Provider, Row
from subscription.book import MAX_DESTINATIONS, MAX_SUBSCRIPTIONS
from subscription.model import IndicationService

SERVICE_CLASS, SERVICE_NAME = "CIM_IndicationService", "OpenESM:IndicationService"
CAPABILITIES_CLASS = "CIM_IndicationServiceCapabilities"
CAPABILITIES_ID = "OpenESM:IndicationServiceCapabilities"


def providers(
    promise: Callable[[], IndicationService], affected: tuple[str, ...]
) -> tuple[Provider[Any] | Association, ...]:
    """Those of the service.

    Args:
        promise: what the service promises now.
        affected: the classes of filters and destinations.
    """
    return (
        _service(promise),
        _capabilities(),
        Association(
            classname="CIM_ServiceAffectsElement",
            namespace=INTEROP,
            ends=(("AffectedElement", affected), ("AffectingElement", (SERVICE_CLASS,))),
        ),
        Association(
            classname="CIM_ElementCapabilities",
            namespace=INTEROP,
            ends=(("ManagedElement", (SERVICE_CLASS,)), ("Capabilities", (CAPABILITIES_CLASS,))),
        ),
    )


def _service(promise: Callable[[], IndicationService]) -> Provider[str]:
    def instance(name: str) -> Row:
        promised = promise()
        return {
            "Name": name,
            "ElementName": "OpenESM indication service",
            "FilterCreationEnabled": True,
            "DeliveryRetryAttempts": promised.retry_attempts,
            "DeliveryRetryInterval": promised.retry_interval_s,
            "SubscriptionRemovalAction": int(promised.removal),
            "SubscriptionRemovalTimeInterval": promised.removal_s,
            "Started": True,
            "OperationalStatus": [2],
            "HealthState": 5,
            "EnabledState": 2,
            "RequestedState": 12,
        }

    return Provider(
        classname=SERVICE_CLASS, namespace=INTEROP, read=lambda _host: [SERVICE_NAME], instance=instance
    )


def _capabilities() -> Provider[str]:
    return Provider(
        classname=CAPABILITIES_CLASS,
        namespace=INTEROP,
        read=lambda _host: [CAPABILITIES_ID],
        instance=lambda identity: {
            "InstanceID": identity,
            "ElementName": "OpenESM indication service",
            "FilterCreationEnabledIsSettable": False,
            "DeliveryRetryAttemptsIsSettable": False,
            "DeliveryRetryIntervalIsSettable": False,
            "SubscriptionRemovalActionIsSettable": False,
            "SubscriptionRemovalTimeIntervalIsSettable": False,
            "MaxListenerDestinations": MAX_DESTINATIONS,
            "MaxActiveSubscriptions": MAX_SUBSCRIPTIONS,
            "SubscriptionsPersisted": True,
        },
    )
