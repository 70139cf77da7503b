"""What a CIMOM is told of the providers: registration for tog-pegasus, and for sfcb. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openesm.cim.provider import NAMESPACE, Association, Provider
from openesm.cim.schema import Class

MODULE, PROVIDER, LIBRARY = "OpenESM", "openesm", "openesmCMPI"
INDICATION = "ESM_AlertIndication"
INSTANCE, ASSOCIATION, INDICATIONS, METHOD = 2, 3, 4, 5  # PG_ProviderCapabilities.ProviderType


def kinds(provider: Provider[Any] | Association) -> list[int]:
    """What a class is registered for; any of them may have methods."""
    if isinstance(provider, Association):
        return [INSTANCE, ASSOCIATION]
    return [INSTANCE, METHOD]


def kinds_of(cls: Class) -> list[int]:
    """What a class of a provider of others is registered for; none for one that nobody serves by itself."""
    if cls.isa("CIM_Indication"):
        return [INDICATIONS]
    if cls.is_abstract or not cls.keys:
        return []
    return [INSTANCE, ASSOCIATION, METHOD] if cls.is_association else [INSTANCE, METHOD]


Served = tuple[str, str, list[int]]  # class, namespace, what it is registered for


def served(providers: Iterable[Provider[Any] | Association], others: Iterable[Class] = ()) -> list[Served]:
    """Everything that the bridge serves.

    Args:
        others: classes that MOF of others declares.
    """
    found = [(each.classname, each.namespace, kinds(each)) for each in providers]
    found.append((INDICATION, NAMESPACE, [INDICATIONS]))
    return found + [(cls.name, NAMESPACE, types) for cls in others if (types := kinds_of(cls))]


def pegasus(classes: Iterable[Served], version: str, library: str = LIBRARY) -> str:
    """MOF for the namespace root/PG_InterOp of tog-pegasus."""
    head = (
        f'instance of PG_ProviderModule {{\n  Name = "{MODULE}"; Vendor = "OpenESM"; Version = "{version}";\n'
        f'  InterfaceType = "CMPI"; InterfaceVersion = "2.0.0"; Location = "{library}";\n}};\n'
        f'instance of PG_Provider {{\n  Name = "{PROVIDER}"; ProviderModuleName = "{MODULE}";\n}};\n'
    )
    return head + "".join(
        "instance of PG_ProviderCapabilities {\n"
        f'  ProviderModuleName = "{MODULE}"; ProviderName = "{PROVIDER}"; CapabilityID = "{name}";\n'
        f'  ClassName = "{name}"; Namespaces = {{ "{namespace}" }};\n'
        f"  ProviderType = {{ {', '.join(map(str, types))} }}; SupportedProperties = NULL;\n"
        "  SupportedMethods = NULL;\n};\n"
        for name, namespace, types in classes
    )


def sfcb(classes: Iterable[Served]) -> str:
    """A registration file of sfcb, for its staging directory."""
    words = {INSTANCE: "instance", ASSOCIATION: "association", INDICATIONS: "indication", METHOD: "method"}
    return "\n".join(
        f"[{name}]\n  provider: {PROVIDER}\n  location: {LIBRARY}\n"
        f"  type: {' '.join(words[each] for each in types)}\n  namespace: {namespace}\n"
        for name, namespace, types in classes
    )
