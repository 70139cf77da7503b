"""What providers written for cmpi-bindings have to do in every host: the same tests, over CIM-XML."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import pywbem

from tests.running import eventually, free_ports

SAMPLES = Path(__file__).parent / "samples"
NAMESPACE = "root/ESMPRO/AS"


class Host(Protocol):
    """A host that has the samples."""

    def connection(self) -> pywbem.WBEMConnection: ...


def lamp(name: str) -> pywbem.CIMInstanceName:
    return pywbem.CIMInstanceName("Acme_Lamp", {"Name": name}, namespace=NAMESPACE)


def room(number: int) -> pywbem.CIMInstanceName:
    return pywbem.CIMInstanceName("Acme_Room", {"Number": pywbem.Uint32(number)}, namespace=NAMESPACE)


def heard(connection: pywbem.WBEMConnection) -> list[str]:
    """What the host has told the provider so far."""
    told: list[str] = connection.InvokeMethod("Heard", "Acme_Lamp")[1]["Told"]
    return told


def settings_with(place: Path, *files: Path) -> str:
    """The settings that name a folder with copies of these files."""
    folder = place / "providers"
    folder.mkdir(mode=0o755)
    for file in files:
        Path(shutil.copy(file, folder)).chmod(0o644)
    return f'[providers]\nfolder = "{folder}"\n'


@contextmanager
def subscription(
    connection: pywbem.WBEMConnection, url: str, query: str, language: str = "WQL"
) -> Iterator[None]:
    """A subscription of pywbem's manager."""
    manager = pywbem.WBEMSubscriptionManager(f"test{url.rpartition(':')[2].partition('/')[0]}")
    server = manager.add_server(pywbem.WBEMServer(connection))
    try:
        to = manager.add_destination(server, url, destination_id="d")
        asked: dict[str, Any] = {"query": query, "query_language": language}
        by = manager.add_filter(server, source_namespaces=[NAMESPACE], filter_id="f", **asked)
        manager.add_subscriptions(server, by.path, to.path)
        yield
    finally:
        manager.remove_all_servers()


@contextmanager
def subscribed(
    connection: pywbem.WBEMConnection, query: str = "SELECT * FROM Acme_LampSwitched", language: str = "WQL"
) -> Iterator[list[pywbem.CIMInstance]]:
    """The indications that pywbem's listener was told, in their order."""
    (port,), told = free_ports(1), list[pywbem.CIMInstance]()
    listener = pywbem.WBEMListener("127.0.0.1", http_port=port)
    listener.add_callback(lambda indication, _host: told.append(indication))
    listener.start()
    try:
        with subscription(connection, f"http://127.0.0.1:{port}", query, language):
            yield told
    finally:
        listener.stop()


class Suite:
    """Give it a fixture `host`."""

    def test_all_properties_of_all_types(self, host: Host) -> None:
        instances = host.connection().EnumerateInstances("Acme_Lamp", PropertyList=None)
        desk, hall = sorted(instances, key=lambda each: str(each["Name"]))
        assert {name: desk[name] for name in ("Name", "IsOn", "Brightness", "Drift", "Watts")} == {
            "Name": "desk",
            "IsOn": True,
            "Brightness": 80,
            "Drift": -5_000_000_000,
            "Watts": 7.5,
        }
        assert str(desk["Due"]) == "20261125030405.000000+000"
        assert str(desk["Burning"]) == "00000001000002.000000:000"
        assert desk["Tags"] == ["warm", "ä<&>日本"]
        assert desk["Codes"] == [1, 2, 3]
        assert desk["Note"] is None
        assert (desk["Socket"]["Kind"], desk["Socket"]["Volts"]) == ("E27", 230)
        assert "Nonsense" not in desk
        assert hall["Tags"] is None
        assert hall["Codes"] == []

    def test_names_and_property_lists(self, host: Host) -> None:
        connection = host.connection()
        names = connection.EnumerateInstanceNames("Acme_Lamp")
        assert sorted(str(name["Name"]) for name in names) == ["desk", "hall"]
        got = connection.GetInstance(lamp("desk"), PropertyList=["Codes", "IsOn"])
        assert {name for name, value in got.items() if value is not None} <= {"Name", "Codes", "IsOn"}
        assert got["Codes"] == [1, 2, 3]

    def test_an_instance_that_is_not_enumerated_is_found(self, host: Host) -> None:
        assert host.connection().GetInstance(lamp("cellar"))["Codes"] == [9]
        with pytest.raises(pywbem.CIMError) as missing:
            host.connection().GetInstance(lamp("attic"))
        assert missing.value.status_code == pywbem.CIM_ERR_NOT_FOUND

    def test_create_modify_and_delete(self, host: Host) -> None:
        connection = host.connection()
        new = pywbem.CIMInstance("Acme_Lamp", {"Name": "new", "IsOn": True, "Tags": ["a", "b"]})
        made = connection.CreateInstance(new, NAMESPACE)
        assert made["Name"] == "new"
        with pytest.raises(pywbem.CIMError) as twice:
            connection.CreateInstance(new, NAMESPACE)
        assert twice.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
        changed = pywbem.CIMInstance("Acme_Lamp", {"Brightness": pywbem.Uint8(7)}, path=lamp("new"))
        connection.ModifyInstance(changed, PropertyList=["Brightness"])
        got = connection.GetInstance(lamp("new"))
        assert (got["Brightness"], got["IsOn"], got["Tags"]) == (7, True, ["a", "b"])
        connection.DeleteInstance(lamp("new"))
        with pytest.raises(pywbem.CIMError) as gone:
            connection.GetInstance(lamp("new"))
        assert gone.value.status_code == pywbem.CIM_ERR_NOT_FOUND

    def test_what_a_class_does_not_do_is_refused(self, host: Host) -> None:
        with pytest.raises(pywbem.CIMError) as refused:
            host.connection().DeleteInstance(room(1))
        assert refused.value.status_code == pywbem.CIM_ERR_NOT_SUPPORTED

    def test_methods(self, host: Host) -> None:
        connection = host.connection()
        result, out = connection.InvokeMethod("Switch", lamp("hall"), On=True, Tags=["x"])
        assert (result, out["Was"], str(out["At"])) == (0, 0, "20261125000000.000000+000")
        assert out["Which"]["Name"] == "hall"
        assert connection.GetInstance(lamp("hall"))["Tags"] == ["x"]
        connection.InvokeMethod("Switch", lamp("hall"), On=False)
        assert connection.InvokeMethod("Blink", "Acme_Lamp", Times=pywbem.Uint32(21))[0] == 42

    def test_an_exception_is_an_error_with_its_text(self, host: Host) -> None:
        with pytest.raises(pywbem.CIMError) as failed:
            host.connection().InvokeMethod("Burst", lamp("desk"))
        assert failed.value.status_code == pywbem.CIM_ERR_FAILED
        assert "glass everywhere" in failed.value.status_description
        assert "Traceback" not in failed.value.status_description

    def test_a_provider_may_ask_its_host(self, host: Host) -> None:
        rooms = host.connection().EnumerateInstances("Acme_Room")
        assert {each["Number"]: each["Lamps"] for each in rooms} == {1: 1, 2: 1}

    def test_associations(self, host: Host) -> None:
        connection = host.connection()
        (found,) = connection.Associators(room(1), AssocClass="Acme_LampInRoom", ResultClass="Acme_Lamp")
        assert (found["Name"], found["Brightness"]) == ("desk", 80)
        (name,) = connection.AssociatorNames(lamp("hall"), AssocClass="Acme_LampInRoom")
        assert name["Number"] == 2
        (link,) = connection.References(lamp("desk"), ResultClass="Acme_LampInRoom")
        assert (link["Corner"], link["Room"]["Number"]) == ("north", 1)
        assert len(connection.ReferenceNames(room(2), ResultClass="Acme_LampInRoom", Role="Room")) == 1
        assert connection.ReferenceNames(room(2), ResultClass="Acme_LampInRoom", Role="Lamp") == []
        assert len(connection.EnumerateInstances("Acme_LampInRoom")) == 2

    @pytest.mark.parametrize("language", ["WQL", "DMTF:CQL"])
    def test_indications_and_hooks(self, host: Host, language: str) -> None:
        connection = host.connection()
        known = len(heard(connection))
        query = "SELECT * FROM Acme_LampSwitched"
        with subscribed(connection, query, language) as told:
            eventually(lambda: f"activate {query} True" in heard(connection)[known:], "it is activated", 30)
            eventually(lambda: "enable" in heard(connection), "it is enabled", 30)
            for on in (True, False, True, False):
                connection.InvokeMethod("Switch", lamp("hall"), On=on, Tags=["t", str(on)])
            eventually(lambda: len(told) >= 4, "they have arrived", 100)
            assert [(each["Name"], each["IsOn"], each["Tags"]) for each in told] == [
                ("hall", on, ["t", str(on)]) for on in (True, False, True, False)
            ]
            assert {each.classname for each in told} == {"Acme_LampSwitched"}
            assert all(each["Brightness"] is None for each in told)
        eventually(lambda: f"deactivate {query} True" in heard(connection)[known:], "it is over", 30)

    def test_a_filter_that_the_provider_refuses(self, host: Host) -> None:
        query = "SELECT * FROM Acme_LampSwitched WHERE Name = 'forbidden'"
        with pytest.raises(pywbem.CIMError), subscribed(host.connection(), query):
            pass
