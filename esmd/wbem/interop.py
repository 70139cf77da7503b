"""The interop namespace: what clients read to find the server, its namespaces, protocols and profiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openesm.cim.provider import NAMESPACE, Association, Provider
from openesm.cim.values import Value
from openesm.settings import Limits

INTEROP = "root/interop"
MANAGER_CLASS = "CIM_ObjectManager"
MANAGER_NAME = "OpenESM:ObjectManager"
OPERATION_GROUPS = (2, 3, 5, 6, 7, 8, 10, 11, 12)
"""Basic read and write, instances, associations, queries, qualifiers, pulled reads, counts and queries."""

_ENABLED: dict[str, Value] = {
    "OperationalStatus": [2],
    "HealthState": 5,
    "EnabledState": 2,
    "RequestedState": 12,
}


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that the server answers CIM-XML on."""

    url: str
    tls: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that the server follows, with the classes of its central instances."""

    name: str
    version: str
    organization: int
    other_organization: str


PROFILES = (Profile("OpenESM Server Management Agent", "1.0.0", 1, "OpenESM"),)


Served = Provider[Any] | Association


def providers(
    version: str,
    listeners: Callable[[], Sequence[Listener]],
    namespaces: Callable[[], Sequence[str]],
    limits: Limits,
) -> tuple[Served, ...]:
    """The providers of the interop namespace.

    Args:
        version: of this product.
        listeners: where CIM-XML is answered now.
        namespaces: names of all namespaces.
        limits: of the server, as far as clients are told of them.
    """
    return (_manager(version), *_namespaces(namespaces), *_mechanisms(listeners, limits), *_profiles())


def _manager(version: str) -> Served:
    return Provider(
        classname=MANAGER_CLASS,
        namespace=INTEROP,
        read=lambda _host: [version],
        instance=lambda release: {
            "Name": MANAGER_NAME,
            "ElementName": "OpenESM",
            "Caption": "OpenESM WBEM server",
            "Description": f"OpenESM CIM Server Version {release}",
            "Started": True,
            "GatherStatisticalData": False,
            **_ENABLED,
        },
    )


def _namespaces(namespaces: Callable[[], Sequence[str]]) -> tuple[Served, ...]:
    return (
        Provider(
            classname="CIM_Namespace",
            namespace=INTEROP,
            read=lambda _host: namespaces(),
            instance=lambda name: {
                "Name": name,
                "ElementName": name,
                "ObjectManagerCreationClassName": MANAGER_CLASS,
                "ObjectManagerName": MANAGER_NAME,
                "ClassInfo": 1,
                "DescriptionOfClassInfo": "CIM 2.49",
                "ClassType": 2,
                "ClassTypeVersion": "2.49.0",
            },
        ),
        Provider(
            classname="__Namespace",
            namespace=INTEROP,
            read=lambda _host: namespaces(),
            instance=lambda name: {"Name": name},
        ),
        Association(
            classname="CIM_NamespaceInManager",
            namespace=INTEROP,
            ends=(("Antecedent", (MANAGER_CLASS,)), ("Dependent", ("CIM_Namespace",))),
        ),
    )


def _mechanisms(listeners: Callable[[], Sequence[Listener]], limits: Limits) -> tuple[Served, ...]:
    mechanism = "CIM_CIMXMLCommunicationMechanism"
    return (
        Provider(
            classname=mechanism,
            namespace=INTEROP,
            read=lambda _host: listeners(),
            instance=lambda listener: {
                "Name": listener.url,
                "ElementName": f"CIM-XML over {'HTTPS' if listener.tls else 'HTTP'}",
                "CommunicationMechanism": 2,
                "FunctionalProfilesSupported": OPERATION_GROUPS,
                "MultipleOperationsSupported": False,
                "AuthenticationMechanismsSupported": (3,),
                "Version": "1.0",
                "CIMXMLProtocolVersion": 1,
                "CIMValidated": True,
                "AdvertiseTypes": (2,),
                "PulledEnumerationClosureOnExceedingServerLimitsSupported": True,
                "PulledEnumerationContinuationOnErrorSupported": False,
                "PulledEnumerationMinimumOperationTimeout": 1,
                "PulledEnumerationMaximumOperationTimeout": limits.operation_timeout_max_s,
                "PulledEnumerationNoOperationTimeoutSupported": False,
                **_ENABLED,
            },
        ),
        Association(
            classname="CIM_CommMechanismForManager",
            namespace=INTEROP,
            ends=(("Antecedent", (MANAGER_CLASS,)), ("Dependent", (mechanism,))),
        ),
    )


def _profiles() -> tuple[Served, ...]:
    return (
        Provider(
            classname="CIM_RegisteredProfile",
            namespace=INTEROP,
            read=lambda _host: PROFILES,
            instance=lambda profile: {
                "InstanceID": f"OpenESM:{profile.name}:{profile.version}",
                "RegisteredOrganization": profile.organization,
                "OtherRegisteredOrganization": profile.other_organization,
                "RegisteredName": profile.name,
                "RegisteredVersion": profile.version,
                "SpecificationType": 2,
                "AdvertiseTypes": (2,),
                "ElementName": profile.name,
            },
        ),
        *(
            Association(
                classname="ESM_ElementConformsToProfile",
                namespace=namespace,
                ends=(
                    ("ConformantStandard", (f"{INTEROP}:CIM_RegisteredProfile",)),
                    ("ManagedElement", (f"{NAMESPACE}:CIM_ComputerSystem",)),
                ),
            )
            for namespace in (INTEROP, NAMESPACE)
        ),
    )
