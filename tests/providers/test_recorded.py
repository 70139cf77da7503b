"""What matters on the recorded machines, said by hand: the golden files are not their own witness."""

import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from openesm.host import Host
from openesm.host.calls import RecordedCalls, Space
from openesm.host.tree import Tree
from openesm.model import AgentState, Service, ServiceState
from providers import alive, file_system_thread, network, processor, storage_thread
from tests.hosts.golden import open_host, rows

NOT_FIXED, TOO_SMALL = "not on a fixed drive", "smaller than 100 MB"


def table(name: str, root: Path, classname: str) -> dict[str, dict[str, Any]]:
    return {row["(element)"]: row for row in rows(open_host(name, root))[classname]}


def test_all_49_interfaces_have_a_type_and_an_address(tmp_path: Path) -> None:
    """CAU-2."""
    found = table("many_nics", tmp_path, "ESM_Network")
    assert len(found) == 49
    assert all(row["InterfaceType"] and row["NetworkAddresses"] for row in found.values())
    assert found["veth49"]["NetworkAddresses"] == ["0242AC110031"]
    assert found["ens1f1"]["PermanentAddress"] == "3CECEF000003"
    assert (found["ens1f0"]["Speed"], found["ens1f0"]["MaxSpeed"]) == (10_000_000_000, 25_000_000_000)
    assert (found["bond0"]["DefaultGateway"], found["ens1f0"]["MasterInterface"]) == ("10.1.2.1", "bond0")
    assert found["bond0"]["IPv4Address"] == ["10.1.2.1", "10.1.2.7"]


@pytest.mark.parametrize(
    ("element", "monitorable", "reason", "drive"),
    [
        pytest.param("6b1c:/", True, None, 3, id="xfs"),
        pytest.param("1111-2222:/boot", False, TOO_SMALL, 3, id="ext4 of 60 MB"),
        pytest.param("aaaa:/mnt/my disk\\a", True, None, 3, id="ext4 of 120 MB on a loop device"),
        pytest.param("/dev/sdb1", False, NOT_FIXED, 2, id="USB stick"),
        pytest.param("/dev/sr0", False, "file system type iso9660 is not watched", 5, id="CD"),
        pytest.param("bbbb:/home", False, "file system type btrfs is not watched", 3, id="btrfs"),
        pytest.param("dddd:/data", True, None, 3, id="ext3 on LVM, which does not answer"),
    ],
)
def test_which_file_systems_are_watched(
    tmp_path: Path, element: str, monitorable: bool, reason: str | None, drive: int
) -> None:
    """CAU-4; neither the bind mount, the second subvolume, tmpfs, NFS nor FUSE is there at all."""
    found = table("file_systems", tmp_path, "ESM_FileSystemThread")
    assert len(found) == 7
    row = found[element]
    assert (row["Monitorable"], row["NotMonitorableReason"], row["DriveType"]) == (monitorable, reason, drive)


def test_space_of_a_file_system(tmp_path: Path) -> None:
    root = table("file_systems", tmp_path, "ESM_FileSystemThread")["6b1c:/"]
    assert (root["FileSystemSize"], root["TotalSize"]) == (10 << 30, 10240)
    assert (root["AvailableSpace"], root["FreeSize"]) == (249_036 * 4096, 972)  # 19/20 of 262144 blocks
    assert (root["FreePercentage"], root["FreeInodePercentage"], root["NumberOfFiles"]) == (9, 92, 5536)


class Hanging(RecordedCalls):
    """A machine of which one mount point does not answer until it is released."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree)
        self.released = threading.Event()

    def space(self, mount_point: str) -> Space:
        if mount_point == "/":
            self.released.wait()
        return super().space(mount_point)


def test_a_mount_that_hangs_gives_nulls_and_holds_up_no_other(tmp_path: Path) -> None:
    """faults.md F20."""
    calls = Hanging(open_host("file_systems", tmp_path).tree)
    host = Host(tmp_path, calls=calls, probe_limit_s=0.05)
    try:
        found = {
            volume.element: file_system_thread.instance(volume) for volume in file_system_thread.read(host)
        }
        hung = [
            metric.value(file_system_thread.read(host)[0]) for metric in file_system_thread.PROVIDER.metrics
        ]
    finally:
        calls.released.set()
    assert (found["6b1c:/"]["FreeSize"], found["6b1c:/"]["OperationalStatus"]) == (None, [0])
    assert found["1111-2222:/boot"]["TotalSize"] == 60
    assert hung == [None, None, None]


def test_a_server_with_a_socket_that_failed_its_self_test(tmp_path: Path) -> None:
    found = rows(open_host("server", tmp_path))
    (general,) = found["ESM_GeneralInformation"]
    assert general["GUID"] == "12345678-abcd-1234-abcd-123456789abc"  # CAU-21
    assert general["GUIDRaw"] == "78563412cdab3412abcd123456789abc"
    assert (general["ChassisType"], general["BIOSReleaseDate"][:8]) == ("Rack Mount Chassis", "20240315")
    assert (general["ManagementControllerType"], general["ManagementControllerVersion"]) == (1, "3.45")
    assert (general["NumberOfProcessorPackages"], general["NumberOfCores"]) == (1, 2)
    assert general["NumberOfLogicalProcessors"] == 3
    total = found["ESM_Processor"][-1]
    assert (total["HealthState"], total["OperationalStatus"]) == (10, [3])
    sizes = {row["DeviceLocator"]: row["Capacity"] for row in found["ESM_MemoryModule"]}
    assert sizes == {"DIMM_A1": 16 << 30, "DIMM_A2": 64 << 30, "DIMM_B2": 512 << 10}


def test_cpu_figures_of_two_snapshots(tmp_path: Path) -> None:
    """Δ: user 400, nice 100, system 100, idle 200, iowait 100, irq 20, softirq 30, steal 50: 1000."""
    found = table("server", tmp_path, "ESM_Processor")
    total = found["_Total"]
    assert (total["LoadPercentage"], total["UserPercentage"], total["SystemPercentage"]) == (70, 50.0, 15.0)
    assert (total["IOWaitPercentage"], total["StealPercentage"]) == (10.0, 5.0)
    assert found["cpu0"]["LoadPercentage"] == 80  # 400 of 500
    assert found["cpu1"]["LoadPercentage"] is None
    assert (found["cpu3"]["EnabledState"], found["cpu3"]["CPUStatus"]) == (3, 2)


def test_96_cpus(tmp_path: Path) -> None:
    found = table("big", tmp_path, "ESM_Processor")
    assert [found[f"cpu{cpu}"]["LoadPercentage"] for cpu in range(96)] == list(range(96))
    assert found["_Total"]["LoadPercentage"] == 48  # the mean is 47.5
    assert (found["_Total"]["NumberOfEnabledCores"], found["_Total"]["CurrentClockSpeed"]) == (48, 2048)
    assert (found["cpu71"]["PackageNumber"], found["cpu71"]["CoreNumber"]) == (0, 23)
    assert (found["cpu72"]["SocketDesignation"], found["cpu72"]["CurrentClockSpeed"]) == ("Proc 2", 2072)


def test_no_cpu_figure_right_after_start(tmp_path: Path) -> None:
    assert table("no_swap", tmp_path, "ESM_Processor")["_Total"]["LoadPercentage"] is None


def test_disks(tmp_path: Path) -> None:
    found = table("server", tmp_path, "ESM_StorageThread")
    assert sorted(row["Name"] for row in found.values()) == ["nvme0n1", "sda", "sdb"]
    sata = found["ata-Samsung_SSD_860_EVO_500GB_S3Z1NB0K123456A"]
    assert (sata["Vendor"], sata["Model"], sata["Caption"]) == (
        "ATA",
        "Samsung SSD 860",
        "Samsung SSD 860 EVO 500GB",
    )
    assert (sata["SerialNumber"], sata["Transport"], sata["HCTL"]) == ("S3Z1NB0K123456A", "sata", "0:0:0:0")
    assert (sata["Capacity"], sata["ReadBytes"], sata["IOErrors"]) == (976_773_168 * 512, 2048 * 512, 31)
    assert (sata["SmartState"], sata["Temperature"], sata["PendingSectors"], sata["HealthState"]) == (
        1,
        38,
        1,
        10,
    )
    assert found["wwn-0x5000c5007b3f1a2b"]["RPM"] == 10000
    nvme = found["nvme-INTEL_SSDPE2KX010T8_BTLJ001"]
    assert (nvme["SmartState"], nvme["HealthState"], nvme["Temperature"], nvme["RPM"]) == (2, 25, 42, 0)


def test_no_disks_on_ilo(tmp_path: Path) -> None:
    host = open_host("big", tmp_path)
    assert host.disks() != ()
    assert storage_thread.read(host) == []


@pytest.mark.parametrize("name", ["garbage"])
def test_garbage_gives_every_class_its_rows(name: str, tmp_path: Path) -> None:
    """faults.md F37: the elements are there, their values NULL."""
    found = rows(open_host(name, tmp_path))
    counts = {classname: len(each) for classname, each in found.items() if each}
    assert counts == {
        "CIM_ComputerSystem": 1, "ESM_Alive": 1, "ESM_FileSystemThread": 1, "ESM_GeneralInformation": 1,
        "ESM_Network": 1, "ESM_PageFile": 2, "ESM_PhysicalMemory": 1, "ESM_Processor": 1,
        "ESM_StorageThread": 1, "ESM_VideoController": 1, "ESM_VirtualMemory": 1,
    }  # fmt: skip


def test_alive_tells_of_the_agent(tmp_path: Path) -> None:
    host = open_host("no_swap", tmp_path)
    services = (
        Service("ESMcmn", ServiceState.RUNNING, 1_764_000_000.5),
        Service("ESMntagent", ServiceState.FAILED, None),
    )
    host.agent = lambda: AgentState("1.2", True, 61.9, 7, services, pending_reports=3, expired_reports=4)
    (row,) = (alive.instance(element) for element in alive.read(host))
    assert (row["AgentUpTime"], row["BeatCount"], row["SystemUpTime"]) == (61, 7, 86400)
    assert (row["ServiceName"], row["ServiceState"]) == (["ESMcmn", "ESMntagent"], [2, 4])
    tokyo = timezone(timedelta(hours=9))
    started = host.local_time(host.wall() - 61.9)
    assert row["ServiceLastRun"] == [datetime(2025, 11, 25, 1, 0, 0, 500_000, tokyo), started]
    assert (row["PendingReports"], row["ExpiredReports"]) == (3, 4)


def test_the_system_name_changes_only_by_reset(tmp_path: Path) -> None:
    """faults.md F35."""
    host = open_host("no_swap", tmp_path)
    names = [host.system_name]
    (tmp_path / "recorded/uname.json").write_text('{"nodename": "renamed.example.com"}')
    host.refresh()
    names.append(host.system_name)
    host.reset()
    names.append(host.system_name)
    assert names == ["tiny", "tiny", "renamed.example.com"]


def test_a_cpu_that_goes_offline_keeps_its_row(tmp_path: Path) -> None:
    host = open_host("no_swap", tmp_path)
    before = [element.device_id for element in processor.read(host)]
    (tmp_path / "sys/devices/system/cpu/online").write_text("0\n")
    after = {element.device_id: processor.instance(element) for element in processor.read(host)}
    assert list(after) == before == ["cpu0", "cpu1", "_Total"]
    assert (after["cpu1"]["EnabledState"], after["_Total"]["NumberOfEnabledCores"]) == (3, 1)


def test_an_interface_without_netlink_comes_from_sysfs(tmp_path: Path) -> None:
    found = {link.name: network.instance(link) for link in network.read(open_host("no_swap", tmp_path))}
    assert list(found) == ["lo", "eth0"]
    assert (found["eth0"]["PermanentAddress"], found["eth0"]["BytesReceived"]) == ("525400123456", 202)
    assert (found["eth0"]["PCIAddress"], found["eth0"]["FullDuplex"]) == ("0000:00:02.0", True)
