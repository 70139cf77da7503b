"""The real tog-pegasus with the bridge: `tox -e pegasus`, OPENESM_PEGASUS being the home of a built one.

It is started on a port of its own, and everything is removed from it in the end.
"""

from __future__ import annotations

import pytest
import pywbem

from esmctl.agent import ask
from tests.e2e.test_wbemcli_classes import CLASSES
from tests.pegasus.real import HOME, NAMESPACE, Real
from tests.running import PASSWORD

# clocks, counters and what is measured anew each time
CHANGING = frozenset(
    [
        "agentuptime",
        "alivetime",
        "beatcount",
        "servicelastrun",
        "systemuptime",
        "localdatetime",
        "pendingreports",
        "loadaverage1",
        "loadaverage5",
        "loadaverage15",
        "loadpercentage",
        "loadpercentage5min",
        "userpercentage",
        "systempercentage",
        "iowaitpercentage",
        "stealpercentage",
        "currentclockspeed",
        "bytesreceived",
        "bytestransmitted",
        "packetsreceived",
        "packetstransmitted",
        "availablesize",
        "buffers",
        "cached",
        "consumableblocks",
        "freesize",
        "usedsize",
        "committedsize",
        "usedpercentage",
        "pressurepercentage",
        "availablespace",
        "freespace",
        "usedspace",
        "freepercentage",
        "freeinodes",
        "numberoffiles",
        "freeinodepercentage",
        "readoperations",
        "writeoperations",
        "readbytes",
        "writebytes",
    ]
)


def shown(instance: pywbem.CIMInstance) -> dict[str, str]:
    """What is not NULL and does not change."""
    return {
        name.lower(): str(value)
        for name, value in sorted(instance.items())
        if value is not None and value != [] and name.lower() not in CHANGING
    }


@pytest.mark.parametrize("classname", CLASSES)
def test_both_hosts_tell_the_same(real: Real, classname: str) -> None:
    own = pywbem.WBEMConnection(real.agent.http, ("admin", PASSWORD), NAMESPACE)
    answers = [
        sorted((shown(each) for each in connection.EnumerateInstances(classname)), key=str)
        for connection in (own, real.connection())
    ]
    for ours, theirs in zip(*answers, strict=True):
        assert ours == theirs


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


def test_pywbemcli_and_the_tools_of_pegasus(real: Real) -> None:
    """enumerate, get and associators; nc, ei, gi and a names of cimcli."""
    ask_it = ("pywbemcli", "-s", real.url, "-d", NAMESPACE, "-o", "simple")
    assert "PhysicalMemory" in real.run(*ask_it, "instance", "enumerate", "ESM_PhysicalMemory")
    (system,) = real.connection().EnumerateInstanceNames("CIM_ComputerSystem")
    (alive,) = real.connection().EnumerateInstanceNames("ESM_Alive")
    assert "BeatCount" in real.run(*ask_it, "instance", "get", alive.to_wbem_uri(format="canonical"))
    devices = real.run(*ask_it, "instance", "associators", system.to_wbem_uri(format="canonical"))
    assert "ESM_Processor" in devices
    tool = (f"{HOME}/bin/cimcli",)
    place = ("-n", NAMESPACE, "-l", f"localhost:{real.port}")
    assert "ESM_Alive" in real.run(*tool, "nc", "-di", *place).split()
    assert "BeatCount" in real.run(*tool, "ei", "ESM_Alive", *place)
    assert "BeatCount" in real.run(*tool, "gi", str(alive).partition(":")[2], *place)
    assert len(real.run(*tool, "an", str(system).partition(":")[2], *place).splitlines()) > 5
