"""Who may do what (authentication.md 4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from esmd.auth import access
from esmd.auth.access import ROLES_TABLE, require, require_namespace
from esmd.auth.principal import Principal
from esmd.wbem.signatures import PARAMETERS
from openesm.cim.errors import CIMError, Status
from tests.esmd.auth.people import People

CHANGES = ("CreateInstance", "ModifyInstance", "DeleteInstance", "SetProperty", "InvokeMethod")
READS = ("GetClass", "EnumerateInstances", "GetInstance", "ExecQuery", "Associators", "PullInstances")


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path, "ann::root/cimv2,root/esmpro/as", "admin:admin", "operator:operator", "viewer")


def allowed(principal: Principal, operation: str, namespace: str = "root/cimv2") -> bool:
    try:
        require(principal, operation)
        require_namespace(principal, operation, namespace)
    except CIMError as refused:
        assert refused.status is Status.ACCESS_DENIED
        assert principal.name in refused.text()
        return False
    return True


def principal(people: People, name: str) -> Principal:
    return asyncio.run(people.principal(name))


@pytest.mark.parametrize(("name", "expected"), [("viewer", False), ("operator", False), ("admin", True)])
def test_roles(people: People, name: str, expected: bool) -> None:
    who = principal(people, name)
    assert [allowed(who, operation) for operation in READS] == [True] * len(READS)
    assert [allowed(who, operation) for operation in CHANGES] == [expected] * len(CHANGES)


@pytest.mark.parametrize("operation", ["RebootSystem", "", "getinstance", "EnumerateInstances "])
def test_what_the_table_does_not_name_needs_an_administrator(people: People, operation: str) -> None:
    assert not allowed(principal(people, "operator"), operation)
    assert allowed(principal(people, "admin"), operation)


def test_every_operation_of_the_server_is_in_the_table() -> None:
    named = [operation for operation, _ in ROLES_TABLE]
    assert len(named) == len(set(named))
    assert set(PARAMETERS) <= set(named)


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ("root/cimv2", True),
        ("ROOT/CIMV2", True),
        ("/root/cimv2/", True),
        ("root/ESMPRO/AS", True),
        (access.INTEROP, True),
        ("root", False),
        ("root/cimv2/deeper", False),
        ("root%2fcimv2", False),
        ("root//cimv2", False),
        ("root/./cimv2", False),
        ("root\\cimv2", False),
        ("ｒｏｏｔ/cimv2", False),
        ("root/cimv2\0", False),
        ("", False),
    ],
)
def test_sec_10_namespaces_are_compared_in_one_spelling(
    people: People, namespace: str, expected: bool
) -> None:
    assert allowed(principal(people, "ann"), "GetClass", namespace) is expected
