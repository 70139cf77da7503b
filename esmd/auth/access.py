"""Roles: who may do what. One table; `esmctl roles` prints it."""

from __future__ import annotations

from esmd.auth.principal import Principal
from esmd.auth.users import Role
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import normal_namespace

READ_OPERATIONS = (
    "GetClass",
    "EnumerateClasses",
    "EnumerateClassNames",
    "GetQualifier",
    "EnumerateQualifiers",
    "GetInstance",
    "EnumerateInstances",
    "EnumerateInstanceNames",
    "GetProperty",
    "ExecQuery",
    "Associators",
    "AssociatorNames",
    "References",
    "ReferenceNames",
    "OpenEnumerateInstances",
    "OpenEnumerateInstancePaths",
    "OpenAssociatorInstances",
    "OpenAssociatorInstancePaths",
    "OpenReferenceInstances",
    "OpenReferenceInstancePaths",
    "OpenQueryInstances",
    "PullInstancesWithPath",
    "PullInstancePaths",
    "PullInstances",
    "CloseEnumeration",
    "EnumerationCount",
)
CHANGE_OPERATIONS = (
    "CreateInstance",
    "ModifyInstance",
    "DeleteInstance",
    "SetProperty",
    "CreateClass",
    "ModifyClass",
    "DeleteClass",
    "SetQualifier",
    "DeleteQualifier",
)
ANY_METHOD = "InvokeMethod"

ROLES_TABLE: tuple[tuple[str, Role], ...] = (
    *((name, Role.VIEWER) for name in READ_OPERATIONS),
    *((name, Role.ADMIN) for name in CHANGE_OPERATIONS),
    (ANY_METHOD, Role.ADMIN),
)
_NEEDED = dict(ROLES_TABLE)
INTEROP = "root/interop"


def require(principal: Principal, operation: str) -> None:
    """Refuses before anything of the target is looked at.

    Args:
        operation: of the table; an extrinsic method is `InvokeMethod`.

    Raises:
        CIMError: ACCESS_DENIED.
    """
    if principal.role < _NEEDED.get(operation, Role.ADMIN):
        raise _denied(principal, operation)


def require_namespace(principal: Principal, operation: str, namespace: str) -> None:
    """Refuses what is outside the namespaces of somebody who may not use all.

    Args:
        namespace: as in the request; it is compared in its normalised form only (SEC-10).

    Raises:
        CIMError: ACCESS_DENIED.
    """
    wanted = normal_namespace(namespace)
    if principal.namespaces and wanted != INTEROP and wanted not in principal.namespaces:
        raise _denied(principal, operation)


def _denied(principal: Principal, operation: str) -> CIMError:
    return CIMError.of(Status.ACCESS_DENIED, "cim.access-denied", operation=operation, user=principal.name)
