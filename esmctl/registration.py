"""What a CIMOM is told of the providers: registration for tog-pegasus, and for sfcb. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openesm.cim.provider import Association, Provider

MODULE, PROVIDER, LIBRARY = "OpenESM", "openesm", "openesmCMPI"
INDICATION = "ESM_AlertIndication"
INSTANCE, ASSOCIATION, INDICATIONS, METHOD = 2, 3, 4, 5  # PG_ProviderCapabilities.ProviderType


def kinds(provider: Provider[Any] | Association) -> list[int]:
    """What a class is registered for; any of them may have methods."""
    if isinstance(provider, Association):
        return [INSTANCE, ASSOCIATION]
    return [INSTANCE, METHOD]


def pegasus(providers: Iterable[Provider[Any] | Association], version: str) -> str:
    """MOF for the namespace root/PG_InterOp of tog-pegasus."""
    head = (
        f'instance of PG_ProviderModule {{\n  Name = "{MODULE}"; Vendor = "OpenESM"; Version = "{version}";\n'
        f'  InterfaceType = "CMPI"; InterfaceVersion = "2.0.0"; Location = "{LIBRARY}";\n}};\n'
        f'instance of PG_Provider {{\n  Name = "{PROVIDER}"; ProviderModuleName = "{MODULE}";\n}};\n'
    )
    classes = [(each.classname, each.namespace, kinds(each)) for each in providers]
    classes.append((INDICATION, classes[0][1], [INDICATIONS]))
    return head + "".join(
        "instance of PG_ProviderCapabilities {\n"
        f'  ProviderModuleName = "{MODULE}"; ProviderName = "{PROVIDER}"; CapabilityID = "{name}";\n'
        f'  ClassName = "{name}"; Namespaces = {{ "{namespace}" }};\n'
        f"  ProviderType = {{ {', '.join(map(str, types))} }}; SupportedProperties = NULL;\n"
        "  SupportedMethods = NULL;\n};\n"
        for name, namespace, types in classes
    )


def sfcb(providers: Iterable[Provider[Any] | Association]) -> str:
    """A registration file of sfcb, for its staging directory."""
    words = {INSTANCE: "instance", ASSOCIATION: "association", INDICATIONS: "indication", METHOD: "method"}
    classes = [(each.classname, each.namespace, kinds(each)) for each in providers]
    classes.append((INDICATION, classes[0][1], [INDICATIONS]))
    return "\n".join(
        f"[{name}]\n  provider: {PROVIDER}\n  location: {LIBRARY}\n"
        f"  type: {' '.join(words[each] for each in types)}\n  namespace: {namespace}\n"
        for name, namespace, types in classes
    )
