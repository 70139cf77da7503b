"""What the interop namespace tells clients that look for the server."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import Any

import pytest

import openesm
from esmd.wbem.interop import INTEROP, PROFILES, Listener, providers
from esmd.wbem.repository import Repository
from openesm.cim.provider import Provider, Row
from openesm.cim.schema import Schema
from openesm.host import Host
from openesm.settings import Limits

LISTENERS = (Listener("http://localhost:5988/cimom", False), Listener("https://localhost:5989/cimom", True))
NAMESPACES = ("root/ESMPRO/AS", "root/interop", "interop")


@pytest.fixture(scope="module")
def told(schema: Schema) -> dict[str, list[Row]]:
    host = Host(FilePath("/nowhere"), system_name="server1")
    served = providers(openesm.__version__, lambda: LISTENERS, lambda: NAMESPACES, Limits())
    classes: list[Provider[Any]] = [each for each in served if isinstance(each, Provider)]
    repository = Repository(schema, served, host)
    found = {}
    for provider in classes:
        source = repository.source(INTEROP, provider.classname)
        assert source is not None
        repository.stale([source])
        found[provider.classname] = list(source.group.rows)
    return found


def test_one_manager_with_brand_and_version(told: dict[str, list[Row]]) -> None:
    (manager,) = told["CIM_ObjectManager"]
    assert manager["ElementName"] == "OpenESM"
    version = re.match(r"^.* (version|release) *(.+)?$", str(manager["Description"]), re.IGNORECASE)
    assert version is not None
    assert version[2] == openesm.__version__
    assert manager["SystemName"] == "server1"


def test_every_namespace_and_the_interop_alias(told: dict[str, list[Row]]) -> None:
    assert [row["Name"] for row in told["CIM_Namespace"]] == list(NAMESPACES)
    (manager,) = told["CIM_ObjectManager"]
    assert {row["ObjectManagerName"] for row in told["CIM_Namespace"]} == {manager["Name"]}


def test_each_listener_is_a_mechanism(told: dict[str, list[Row]]) -> None:
    mechanisms = told["CIM_CIMXMLCommunicationMechanism"]
    assert [row["Name"] for row in mechanisms] == [listener.url for listener in LISTENERS]
    assert [row["ElementName"] for row in mechanisms] == ["CIM-XML over HTTP", "CIM-XML over HTTPS"]
    assert {row["PulledEnumerationMaximumOperationTimeout"] for row in mechanisms} == {
        Limits().operation_timeout_max_s
    }


def test_profiles(told: dict[str, list[Row]]) -> None:
    assert [row["RegisteredName"] for row in told["CIM_RegisteredProfile"]] == [p.name for p in PROFILES]
    assert all(row["InstanceID"] for row in told["CIM_RegisteredProfile"])
