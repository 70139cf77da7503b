"""The real tog-pegasus with the bridge: `tox -e pegasus`, OPENESM_PEGASUS being the home of a built one.

It is started on a port of its own, and everything is removed from it in the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pywbem

from esmctl.agent import ask
from tests.e2e.test_wbemcli_classes import CLASSES
from tests.pegasus.real import HOME, NAMESPACE, Real
from tests.running import PASSWORD, eventually, free_ports

CLOCKS = frozenset(
    {
        *("agentuptime", "alivetime", "beatcount", "servicelastrun", "systemuptime", "localdatetime"),
        *(
            "loadaverage1",
            "loadaverage5",
            "loadaverage15",
            "loadpercentage",
            "userpercentage",
            "systempercentage",
        ),
        *("bytesreceived", "bytestransmitted", "packetsreceived", "packetstransmitted"),
        *("availablesize", "buffers", "cached", "consumableblocks", "freesize", "usedsize", "committedsize"),
        *("availablespace", "freespace", "usedspace"),
    }
)

pytestmark = pytest.mark.skipif(not HOME, reason="OPENESM_PEGASUS names no Pegasus")


def shown(instance: pywbem.CIMInstance) -> dict[str, str]:
    """What is not NULL and no clock."""
    return {
        name.lower(): str(value)
        for name, value in sorted(instance.items())
        if value is not None and value != [] and name.lower() not in CLOCKS
    }


@pytest.mark.parametrize("classname", CLASSES)
def test_both_hosts_tell_the_same(real: Real, classname: str) -> None:
    url = f"http://localhost:{real.own_port}"
    own = pywbem.WBEMConnection(url, ("admin", PASSWORD), NAMESPACE)
    answers = [
        sorted((shown(each) for each in connection.EnumerateInstances(classname)), key=str)
        for connection in (own, real.connection())
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("classname", CLASSES)
def test_wbemcli_reads_it(real: Real, classname: str) -> None:
    told = real.run("wbemcli", "ei", "-nl", "-t", f"{real.url}/{NAMESPACE}:{classname}")
    assert len(real.connection().EnumerateInstances(classname)) == told.count("/root/ESMPRO/AS:")


def test_thresholds_change_the_running_agent(real: Real) -> None:
    connection = real.connection()
    (path,) = connection.EnumerateInstanceNames("ESM_PhysicalMemory")
    given = {"WarningThreshold": pywbem.Uint16(77), "WarningClearThreshold": pywbem.Uint16(70)}
    assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
    element = "ESM_PhysicalMemory/PhysicalMemory"
    assert ask(real.socket, "threshold-get", element=element)["settings"]["WarningThreshold"] == 77
    changed = connection.GetInstance(path, PropertyList=["WarningThreshold"])
    changed.path, changed["WarningThreshold"] = path, pywbem.Uint16(78)
    connection.ModifyInstance(changed, PropertyList=["WarningThreshold"])
    assert connection.GetInstance(path)["WarningThreshold"] == 78
    changed["WarningThreshold"] = pywbem.Uint16(500)
    with pytest.raises(pywbem.CIMError) as refused:
        connection.ModifyInstance(changed, PropertyList=["WarningThreshold"])
    assert refused.value.status_code == pywbem.CIM_ERR_INVALID_PARAMETER
    assert "500" in refused.value.status_description
    assert connection.InvokeMethod("RestoreDefaultThresholds", path)[0] == 0


def test_errors_and_associations(real: Real) -> None:
    connection = real.connection()
    with pytest.raises(pywbem.CIMError) as refused:
        connection.GetInstance(pywbem.CIMInstanceName("ESM_Alive", {"InstanceID": "none"}))
    assert refused.value.status_code == pywbem.CIM_ERR_NOT_FOUND
    (system,) = connection.EnumerateInstanceNames("CIM_ComputerSystem")
    devices = connection.AssociatorNames(system, AssocClass="ESM_SystemDevice")
    assert len(devices) == len(connection.ReferenceNames(system, ResultClass="ESM_SystemDevice")) > 5


@contextmanager
def subscribed(real: Real) -> Iterator[list[str]]:
    """The UUIDs that pywbem's listener was told, in their order."""
    (port,), told = free_ports(1), list[str]()
    listener = pywbem.WBEMListener("127.0.0.1", http_port=port)
    listener.add_callback(lambda indication, _host: told.append(str(indication["AlertUUID"])))
    listener.start()
    manager = pywbem.WBEMSubscriptionManager(f"test{port}")
    server = manager.add_server(pywbem.WBEMServer(real.connection()))
    try:
        to = manager.add_destination(server, f"http://127.0.0.1:{port}", destination_id="d")
        query: dict[str, Any] = {"query": "SELECT * FROM ESM_AlertIndication", "query_language": "WQL"}
        by = manager.add_filter(server, source_namespaces=[NAMESPACE], filter_id="f", **query)
        manager.add_subscriptions(server, by.path, to.path)
        yield told
    finally:
        manager.remove_all_servers()
        listener.stop()


@pytest.mark.parametrize("turn", ["first", "again"])
def test_indications_arrive_once_and_in_order(real: Real, turn: str) -> None:
    """Pegasus tries again after 30 s where the listener has closed its connection."""
    with subscribed(real) as told:
        wanted = [str(ask(real.socket, "alert-test")["uuid"]) for _ in range(10)]
        eventually(lambda: wanted[-1] in told, f"the last one has arrived the {turn} time", 100)
        assert [uuid for uuid in told if uuid in wanted] == wanted


def test_a_provider_process_that_is_killed_costs_nothing(real: Real) -> None:
    with subscribed(real) as told:
        first = str(ask(real.socket, "alert-test")["uuid"])
        eventually(lambda: first in told, "it has arrived", 60)
        for line in real.run("ps", "-eo", "pid,args").splitlines():
            if f"{HOME}/bin/cimprovagt" in line and line.rstrip().endswith("OpenESM"):
                os.kill(int(line.split()[0]), 9)
        wanted = [str(ask(real.socket, "alert-test")["uuid"]) for _ in range(5)]

        def has_arrived() -> bool:
            real.connection().EnumerateInstanceNames("ESM_Alive")  # a request starts the process again
            return wanted[-1] in told

        eventually(has_arrived, "the last one has arrived", 100)
        assert [uuid for uuid in told if uuid in wanted] == wanted
        assert told.count(first) == 1
