"""`wbemcli ei -nl -t` on each class, and its values against what the machine's own programs say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wbemcli import NAMESPACE, Printed, Wbemcli, keys_of
from tests.running import RunningAgent, running_agent

pytestmark = pytest.mark.needs("wbemcli")

CLASSES = (
    "ESM_GeneralInformation",
    "ESM_VideoController",
    "ESM_Network",
    "ESM_Alive",
    "ESM_Processor",
    "ESM_PhysicalMemory",
    "ESM_MemoryModule",
    "ESM_VirtualMemory",
    "ESM_PageFile",
    "ESM_StorageThread",
    "ESM_FileSystemThread",
)
ALWAYS = frozenset(CLASSES) - {
    "ESM_VideoController",
    "ESM_MemoryModule",
    "ESM_StorageThread",
    "ESM_FileSystemThread",
}


def say(*command: str) -> str:
    env = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


def meminfo() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def near(kib: int) -> Any:
    """The machine works on while we look."""
    return pytest.approx(kib, rel=0.02, abs=60_000)


@pytest.mark.parametrize("classname", CLASSES)
def test_every_class_answers(wbemcli: Wbemcli, agent: RunningAgent, classname: str) -> None:
    found = wbemcli.instances(classname)
    assert found or classname not in ALWAYS
    names = [tuple(instance.values) for instance in found]
    assert len(set(names)) <= 1, "every instance shows the same properties in the same order"
    assert len({instance.path for instance in found}) == len(found)
    for instance in found:
        assert instance.path.startswith(f"localhost:{agent.http_port}/{NAMESPACE}:{classname}.")
        keys = keys_of(instance.path)
        assert tuple(sorted(keys)) == tuple(sorted(instance.keys))
        assert {name: instance.text(name) for name in keys} == keys
        assert set(keys) >= ({"InstanceID"} if "InstanceID" in keys else {"CreationClassName"})


@pytest.mark.parametrize("classname", CLASSES)
def test_a_machine_with_nothing_answers_empty_or_whole(bare: Wbemcli, classname: str) -> None:
    """Hardware that is not there is no error (the tree that this agent reads is empty)."""
    found = bare.instances(classname)
    assert found or classname not in {"ESM_GeneralInformation", "ESM_Alive", "ESM_PageFile"}
    if classname in {"ESM_VideoController", "ESM_Network", "ESM_MemoryModule", "ESM_StorageThread"}:
        assert found == []


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("bare")
    (folder / "machine" / "recorded").mkdir(parents=True)
    with running_agent(folder / "agent", root=folder / "machine") as running:
        yield Wbemcli(running)
        assert "Traceback" not in running.log, running.log


def test_page_file_has_its_total(wbemcli: Wbemcli) -> None:
    found = {instance.text("DeviceID"): instance for instance in wbemcli.instances("ESM_PageFile")}
    total, kernel = found["_Total"], meminfo()
    assert total.values["IsTotal"] == "TRUE"
    assert total.number("TotalSize") == kernel["SwapTotal"]
    assert total.number("UsedSize") == near(kernel["SwapTotal"] - kernel["SwapFree"])
    swaps = [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]
    assert sorted(str(i.text("SwapPath")) for name, i in found.items() if name != "_Total") == sorted(swaps)


def test_memory_is_that_of_proc(wbemcli: Wbemcli) -> None:
    (memory,) = wbemcli.instances("ESM_PhysicalMemory")
    kernel = meminfo()
    assert memory.number("TotalSize") == kernel["MemTotal"]
    assert memory.number("FreeSize") == near(kernel["MemFree"])
    assert memory.number("AvailableSize") == near(kernel["MemAvailable"])


def test_processors_are_those_of_lscpu(wbemcli: Wbemcli) -> None:
    listed = {row["field"].rstrip(":"): row["data"] for row in json.loads(say("lscpu", "-J"))["lscpu"]}
    found = {str(i.text("DeviceID")): i for i in wbemcli.instances("ESM_Processor")}
    single = [i for i in found.values() if i.values["IsTotal"] == "FALSE"]
    assert len(single) == int(listed["CPU(s)"])
    assert found["_Total"].values["IsTotal"] == "TRUE"
    assert {i.text("ModelName") for i in single} == {" ".join(listed["Model name"].split())}
    cores = {
        line.split(",")[0]: line.split(",")
        for line in say("lscpu", "-p=CPU,CORE,SOCKET").splitlines()
        if line[0] != "#"
    }
    for number, (_, _, socket) in cores.items():
        assert found[f"cpu{number}"].number("PackageNumber") == int(socket)


def test_general_information_is_that_of_the_kernel(wbemcli: Wbemcli) -> None:
    (general,) = wbemcli.instances("ESM_GeneralInformation")
    assert general.text("KernelVersion") == os.uname().release
    assert general.number("NumberOfLogicalProcessors") == os.sysconf("SC_NPROCESSORS_ONLN")


def test_interfaces_are_those_of_ip(wbemcli: Wbemcli) -> None:
    found = {str(i.text("DeviceID")): i for i in wbemcli.instances("ESM_Network")}
    links = {link["ifname"]: link for link in json.loads(say("ip", "-j", "addr"))}
    assert set(found) == set(links)
    for name, link in links.items():
        shown = found[name]
        assert shown.number("InterfaceIndex") == link["ifindex"]
        assert shown.number("ActiveMaximumTransmissionUnit") == link["mtu"]
        assert shown.texts("NetworkAddresses") == [link["address"].replace(":", "").upper()]
        addresses = {
            family: [a["local"] for a in link["addr_info"] if a["family"] == family]
            for family in ("inet", "inet6")
        }
        assert shown.texts("IPv4Address") == addresses["inet"]
        assert shown.texts("IPv6Address") == addresses["inet6"]


def test_file_systems_are_those_of_df(wbemcli: Wbemcli) -> None:
    for shown in wbemcli.instances("ESM_FileSystemThread"):
        line = say("df", "-B1", "--output=size,fstype,source", str(shown.text("MountPoint"))).splitlines()[1]
        size, kind, _ = line.split()
        assert shown.number("FileSystemSize") == int(size)
        assert shown.text("FileSystemType") == kind


def test_disks_are_those_of_lsblk(wbemcli: Wbemcli) -> None:
    listed = json.loads(say("lsblk", "-J", "-b", "-d", "-o", "NAME,SIZE,ROTA,RM,TYPE"))["blockdevices"]
    disks = {disk["name"]: disk for disk in listed if disk["type"] == "disk"}
    for shown in wbemcli.instances("ESM_StorageThread"):
        disk = disks[str(shown.text("Name"))]
        assert shown.number("Capacity") == int(disk["size"])
        assert shown.values["Rotational"] == str(disk["rota"]).upper()


def test_time_goes_on(wbemcli: Wbemcli) -> None:
    """ESM_Alive is read anew for each request."""
    (before,), (after,) = (wbemcli.instances("ESM_Alive") for _ in range(2))
    assert stamp(before) <= stamp(after)
    assert re.fullmatch(r"\d{14}\.\d{6}[+-]\d{3}", before.values["AliveTime"])


def stamp(alive: Printed) -> str:
    return alive.values["AliveTime"]
