"""pywbem as a client, plain and over TLS: discovery, profiles, and operations as it asks for them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
import pywbem

import openesm
from tests.running import PASSWORD, RunningAgent

NAMESPACE = "root/ESMPRO/AS"
CENTRAL = "CIM_ComputerSystem"
Connection: TypeAlias = pywbem.WBEMConnection


def refusal(ask: Callable[[], Any]) -> int:
    """The status of an operation that is refused."""
    with pytest.raises(pywbem.CIMError) as refused:
        ask()
    return int(refused.value.status_code)


# -- the server


def test_a_server_without_any_complaint(connection: Connection) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        server = pywbem.WBEMServer(connection)
        assert server.brand == "OpenESM"
        assert server.version == openesm.__version__
        assert server.interop_ns == "interop"
        assert {name.lower() for name in server.namespaces} == {"interop", "root/interop", "root/esmpro/as"}
        assert server.cimom_inst["ElementName"] == "OpenESM"


def test_profiles_lead_to_their_central_instances(connection: Connection) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        server = pywbem.WBEMServer(connection)
        assert server.profiles
        for profile in server.profiles:
            central = server.get_central_instances(profile.path)
            assert central, profile["RegisteredName"]
            for path in central:
                assert path.classname == CENTRAL
                assert path.namespace.lower() == NAMESPACE.lower()
                found = connection.GetInstance(path, LocalOnly=False)
                assert found["Name"] == path["Name"]


@pytest.mark.parametrize("ns", ["interop", "root/interop", "root/PG_InterOp"])
def test_where_clients_look_for_interop(connection: Connection, ns: str) -> None:
    assert connection.EnumerateInstanceNames("CIM_Namespace", namespace=ns)


@pytest.mark.parametrize("ns", ["root/PG_Interop/x", "root/interop2", "root", "root/cimv2"])
def test_where_nothing_is(connection: Connection, ns: str) -> None:
    assert refusal(lambda: connection.EnumerateInstanceNames("CIM_Namespace", namespace=ns)) == 3


# -- classes


def test_every_class_of_every_namespace_can_be_read(connection: Connection) -> None:
    for ns in (NAMESPACE, "root/interop"):
        names = connection.EnumerateClassNames(namespace=ns, DeepInheritance=True)
        classes = connection.EnumerateClasses(namespace=ns, DeepInheritance=True, LocalOnly=False)
        assert [cls.classname for cls in classes] == names
        for cls in classes:
            assert connection.GetClass(cls.classname, namespace=ns, LocalOnly=False) == cls
            assert cls.superclass is None or cls.superclass in names


def test_qualifiers(connection: Connection) -> None:
    every = connection.EnumerateQualifiers()
    assert {q.name for q in every} >= {"Key", "Association", "Description", "EmbeddedInstance"}
    for found in every:
        assert connection.GetQualifier(found.name) == found


# -- instances


@pytest.fixture
def names(connection: Connection) -> list[pywbem.CIMInstanceName]:
    found: list[pywbem.CIMInstanceName] = connection.EnumerateInstanceNames("CIM_ManagedElement")
    return found


def test_every_instance_can_be_read_by_its_name(
    connection: Connection, names: list[pywbem.CIMInstanceName]
) -> None:
    assert len({name.classname for name in names}) >= 8
    for name in names:
        found = connection.GetInstance(name)
        assert found.path == name
        for key, value in name.keybindings.items():
            assert found[key] == value


def test_values_have_the_types_that_the_class_declares(connection: Connection) -> None:
    for found in connection.EnumerateInstances("CIM_ManagedElement"):
        cls = connection.GetClass(found.classname, LocalOnly=False)
        for name, prop in found.properties.items():
            declared = cls.properties[name]
            assert (prop.type, prop.is_array) == (declared.type, declared.is_array), name


def test_associations_can_be_read_by_their_names(connection: Connection) -> None:
    associations = [
        name
        for top in ("ESM_SystemDevice", "ESM_HostedFileSystem", "ESM_SystemPackaging")
        for name in connection.EnumerateInstanceNames(top)
    ]
    assert associations
    for name in associations:
        found = connection.GetInstance(name)
        assert found.path == name


def test_associators_and_references_agree(connection: Connection) -> None:
    (system,) = connection.EnumerateInstanceNames(CENTRAL)
    parts = connection.AssociatorNames(system, AssocClass="ESM_SystemDevice")
    links = connection.ReferenceNames(system, ResultClass="ESM_SystemDevice")
    assert len(parts) == len(links) > 1
    assert {str(p["DeviceID"]) for p in parts} == {str(link["PartComponent"]["DeviceID"]) for link in links}
    for part in parts:
        assert [local(p) for p in connection.AssociatorNames(local(part), ResultClass=CENTRAL)] == [
            local(system)
        ]
    full = connection.Associators(system, AssocClass="ESM_SystemDevice")
    assert [local(instance.path) for instance in full] == [local(path) for path in parts]


def local(path: pywbem.CIMInstanceName) -> pywbem.CIMInstanceName:
    """A path without the host that it was read from."""
    return pywbem.CIMInstanceName(path.classname, path.keybindings, namespace=NAMESPACE)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_pulled_operations_give_what_the_plain_ones_give(connection: Connection, size: int) -> None:
    (system,) = connection.EnumerateInstanceNames(CENTRAL)
    names = list(connection.IterEnumerateInstancePaths("CIM_LogicalDevice", MaxObjectCount=size))
    assert [local(n) for n in names] == connection.EnumerateInstanceNames("CIM_LogicalDevice")
    instances = list(connection.IterEnumerateInstances("CIM_LogicalDevice", MaxObjectCount=size))
    assert [local(i.path) for i in instances] == [local(n) for n in names]
    parts = list(connection.IterAssociatorInstancePaths(system, MaxObjectCount=size))
    assert [local(p) for p in parts] == [local(p) for p in connection.AssociatorNames(system)]
    assert len(list(connection.IterAssociatorInstances(system, MaxObjectCount=size))) == len(parts)
    links = list(connection.IterReferenceInstancePaths(system, MaxObjectCount=size))
    assert len(links) == len(connection.ReferenceNames(system))
    assert len(list(connection.IterReferenceInstances(system, MaxObjectCount=size))) == len(links)


@pytest.fixture
def viewer(agent: RunningAgent) -> Iterator[Connection]:
    with pywbem.WBEMConnection(
        agent.http, ("viewer", PASSWORD), default_namespace=NAMESPACE, timeout=30
    ) as opened:
        yield opened


def test_pulls_are_real(viewer: Connection) -> None:
    opened = viewer.OpenEnumerateInstances("CIM_ManagedElement", MaxObjectCount=1, OperationTimeout=10)
    assert (len(opened.instances), opened.eos) == (1, False)
    pulled = viewer.PullInstancesWithPath(opened.context, MaxObjectCount=10000)
    assert (len(pulled.instances) > 5, pulled.eos) == (True, True)
    again = viewer.OpenEnumerateInstancePaths("CIM_ManagedElement", MaxObjectCount=0)
    viewer.CloseEnumeration(again.context)
    assert refusal(lambda: viewer.PullInstancePaths(again.context, MaxObjectCount=1)) == 21


@pytest.mark.parametrize(
    ("given", "status"),
    [({"OperationTimeout": 0}, 22), ({"ContinueOnError": True}, 26), ({"MaxObjectCount": 10**9}, 27)],
)
def test_pulls_refused(viewer: Connection, given: dict[str, Any], status: int) -> None:
    assert refusal(lambda: viewer.OpenEnumerateInstances("ESM_Alive", **given)) == status


# -- queries


@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL"])
def test_queries(connection: Connection, language: str) -> None:
    every = connection.EnumerateInstances("ESM_Processor")
    single = connection.ExecQuery(language, "SELECT * FROM ESM_Processor WHERE IsTotal = FALSE")
    assert {i["DeviceID"] for i in single} == {i["DeviceID"] for i in every if not i["IsTotal"]}
    opened = connection.OpenQueryInstances(
        language,
        "SELECT DeviceID FROM ESM_Processor WHERE IsTotal = TRUE",
        ReturnQueryResultClass=True,
        MaxObjectCount=100,
    )
    assert [i["DeviceID"] for i in opened.instances] == ["_Total"]
    assert opened.query_result_class.classname == "ESM_Processor"
    found = list(connection.IterQueryInstances(language, "SELECT * FROM ESM_Processor").generator)
    assert len(found) == len(every)


def test_a_filter_of_an_open_operation(connection: Connection) -> None:
    opened = connection.OpenEnumerateInstances(
        "ESM_Processor",
        FilterQueryLanguage="DMTF:FQL",
        FilterQuery="DeviceID = '_Total'",
        MaxObjectCount=100,
    )
    assert [i["DeviceID"] for i in opened.instances] == ["_Total"]


@pytest.mark.parametrize(
    ("language", "query", "status"),
    [
        ("SQL", "SELECT * FROM ESM_Alive", 14),
        ("WQL", "SELECT FROM", 15),
        ("WQL", "SELECT Nope FROM ESM_Alive", 15),
    ],
)
def test_queries_refused(connection: Connection, language: str, query: str, status: int) -> None:
    assert refusal(lambda: connection.ExecQuery(language, query)) == status


# -- changes


def test_what_is_refused(connection: Connection) -> None:
    (alive,) = connection.EnumerateInstanceNames("ESM_Alive")
    assert refusal(lambda: connection.DeleteInstance(alive)) == 7
    assert (
        refusal(lambda: connection.CreateInstance(pywbem.CIMInstance("ESM_Alive", {"InstanceID": "x"}))) == 7
    )
    assert refusal(lambda: connection.InvokeMethod("Fly", alive)) == 17
    changed = pywbem.CIMInstance("ESM_Alive", {"Caption": "mine"}, path=alive)
    assert refusal(lambda: connection.ModifyInstance(changed, PropertyList=["Caption"])) in (4, 7)
    assert refusal(lambda: connection.DeleteClass("ESM_Alive")) == 7


def test_a_viewer_changes_nothing(viewer: Connection) -> None:
    (alive,) = viewer.EnumerateInstanceNames("ESM_Alive")
    assert refusal(lambda: viewer.DeleteInstance(alive)) == 2
    assert refusal(lambda: viewer.InvokeMethod("Fly", alive)) == 2


def test_a_wrong_password(agent: RunningAgent) -> None:
    stranger = pywbem.WBEMConnection(agent.http, ("admin", "wrong"), default_namespace=NAMESPACE)
    with pytest.raises(pywbem.AuthError):
        stranger.EnumerateInstanceNames("ESM_Alive")


def test_a_certificate_that_is_not_trusted(agent: RunningAgent) -> None:
    stranger = pywbem.WBEMConnection(agent.https, ("admin", PASSWORD), default_namespace=NAMESPACE)
    with pytest.raises(pywbem.ConnectionError, match="certificate"):
        stranger.EnumerateInstanceNames("ESM_Alive")
