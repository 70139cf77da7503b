"""The providers on the machine that runs the tests, against psutil and the usual programs."""

import gc
import json
import os
import shutil
import socket
import subprocess
from typing import Any

import psutil
import pytest

from openesm.cim.provider import Provider
from openesm.host import Host
from providers import (
    file_system_thread,
    general_information,
    installed,
    network,
    page_file,
    physical_memory,
    processor,
    storage_thread,
)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host()


def near(kib: int) -> Any:
    """The machine works on while we look."""
    return pytest.approx(kib, rel=0.02, abs=50_000)


def say(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    ).stdout


def instances(provider: Provider[Any], host: Host) -> dict[str, Any]:
    return {provider.element(element): provider.instance(element) for element in provider.read(host)}


def test_every_provider_answers(host: Host) -> None:
    for provider in installed():
        if isinstance(provider, Provider):
            assert all(provider.instance(element) for element in provider.read(host)), provider.classname


def test_memory_is_that_of_psutil(host: Host) -> None:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    found = instances(physical_memory.PROVIDER, host)["PhysicalMemory"]
    assert found["TotalSize"] == memory.total // 1024
    assert found["FreeSize"] == near(memory.free // 1024)
    assert found["AvailableSize"] == near(memory.available // 1024)
    paging = instances(page_file.PROVIDER, host)["_Total"]
    assert paging["TotalSize"] == swap.total // 1024
    assert paging["UsedSize"] == near(swap.used // 1024)


def test_cpus_are_those_of_psutil_and_lscpu(host: Host) -> None:
    found = instances(processor.PROVIDER, host)
    running = [row for row in found.values() if not row["IsTotal"] and row["EnabledState"] == 2]
    assert len(running) == psutil.cpu_count()
    listed = {row["field"].rstrip(":"): row["data"] for row in json.loads(say("lscpu", "-J"))["lscpu"]}
    if "Model name" in listed:
        assert found["_Total"]["ModelName"] == " ".join(listed["Model name"].split())
    general = instances(general_information.PROVIDER, host)["ESM:General"]
    assert general["NumberOfLogicalProcessors"] == psutil.cpu_count()
    assert general["NumberOfCores"] in (None, psutil.cpu_count(logical=False))


def test_times_are_those_of_psutil(host: Host) -> None:
    general = instances(general_information.PROVIDER, host)["ESM:General"]
    assert general["BootTime"].timestamp() == pytest.approx(psutil.boot_time(), abs=2)
    assert general["KernelVersion"] == os.uname().release


def test_interfaces_are_those_of_psutil_and_ip(host: Host) -> None:
    found = instances(network.PROVIDER, host)
    assert set(found) == set(psutil.net_if_addrs()) | set(psutil.net_if_stats())
    for name, addresses in psutil.net_if_addrs().items():
        ipv4 = [address.address for address in addresses if address.family is socket.AF_INET]
        assert found[name]["IPv4Address"] == ipv4
        assert found[name]["ActiveMaximumTransmissionUnit"] == psutil.net_if_stats()[name].mtu
    for link in json.loads(say("ip", "-j", "addr")):
        row = found[link["ifname"]]
        assert row["InterfaceIndex"] == link["ifindex"]
        assert row["NetworkAddresses"] == [link["address"].replace(":", "").upper()]
        ipv6 = [address["local"] for address in link["addr_info"] if address["family"] == "inet6"]
        assert row["IPv6Address"] == ipv6
        assert (row["OperationalState"] or "").upper() == link["operstate"]


def test_counters_are_those_of_psutil(host: Host) -> None:
    before = psutil.net_io_counters(pernic=True, nowrap=False)
    found = instances(network.PROVIDER, host)
    after = psutil.net_io_counters(pernic=True, nowrap=False)
    for name in before:
        assert before[name].bytes_recv <= found[name]["BytesReceived"] <= after[name].bytes_recv
        assert before[name].packets_sent <= found[name]["PacketsTransmitted"] <= after[name].packets_sent


def test_file_systems_are_those_of_df(host: Host) -> None:
    for row in instances(file_system_thread.PROVIDER, host).values():
        sizes = say("df", "-B1", "--output=size,avail,fstype", row["MountPoint"]).splitlines()[1].split()
        assert row["FileSystemSize"] == int(sizes[0])
        assert row["AvailableSpace"] == pytest.approx(int(sizes[1]), rel=0.02, abs=50 << 20)
        assert row["FileSystemType"] == sizes[2]


def test_disks_are_those_of_lsblk(host: Host) -> None:
    listed = json.loads(say("lsblk", "-J", "-b", "-d", "-o", "NAME,SIZE,ROTA,RM,TYPE"))["blockdevices"]
    disks = {disk["name"]: disk for disk in listed if disk["type"] == "disk"}
    for row in instances(storage_thread.PROVIDER, host).values():
        disk = disks[row["Name"]]
        assert (row["Capacity"], row["Rotational"]) == (int(disk["size"]), disk["rota"])
        assert row["Removable"] == disk["rm"]


def test_no_descriptor_is_left_open() -> None:
    host = Host()
    for provider in installed():
        if isinstance(provider, Provider):
            list(provider.read(host))
    gc.collect()  # what earlier tests left is not to be closed while this one counts
    kept = psutil.Process().num_fds()
    for _ in range(3):
        for provider in installed():
            if isinstance(provider, Provider):
                list(provider.read(host))
    assert psutil.Process().num_fds() == kept
    host.refresh()
    assert psutil.Process().num_fds() < kept
