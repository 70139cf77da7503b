"""Disks and display adapters."""

from pathlib import Path

import pytest

from openesm.host.disks import Disk, read_disks
from openesm.host.pci import largest_bar
from openesm.host.tree import Tree
from tests.hosts.machines import server

MEMORY, PREFETCHABLE, PORTS = "0x40200", "0x42208", "0x40101"


@pytest.mark.parametrize(
    ("lines", "size"),
    [
        pytest.param([("0x1000", "0x1fff", MEMORY)], 4096, id="one region"),
        pytest.param(
            [("0x0", "0xffff", MEMORY), ("0x10000", "0x10fff", PREFETCHABLE)], 4096, id="prefetchable first"
        ),
        pytest.param(
            [("0x0", "0xfff", PREFETCHABLE), ("0x0", "0x1fff", PREFETCHABLE)], 8192, id="the largest"
        ),
        pytest.param([("0x0", "0xffff", PORTS)], None, id="ports are no memory"),
        pytest.param([("0x0", "0x0", "0x0")] * 6 + [("0x0", "0xfff", MEMORY)], None, id="the ROM is no BAR"),
        pytest.param([("0x2000", "0x1000", MEMORY), ("x", "y", "z")], None, id="odd"),
    ],
)
def test_video_memory(lines: list[tuple[str, str, str]], size: int | None) -> None:
    assert largest_bar("".join(f"{' '.join(line)}\n" for line in lines)) == size


@pytest.fixture
def disks(tmp_path: Path) -> dict[str, Disk]:
    server(tmp_path)
    return {disk.name: disk for disk in read_disks(Tree(tmp_path))}


def test_the_whole_model_of_a_sata_disk(disks: dict[str, Disk]) -> None:
    """CAU-19: /proc/scsi/scsi cuts it at 16 characters."""
    assert (disks["sda"].model, disks["sda"].full_model) == ("Samsung SSD 860", "Samsung SSD 860 EVO 500GB")


def test_a_member_of_an_array_and_a_virtual_device_are_no_disks(disks: dict[str, Disk]) -> None:
    assert set(disks) == {"sda", "sdb", "nvme0n1"}


@pytest.mark.parametrize(
    ("name", "transport", "is_running", "rpm"),
    [("sda", "sata", True, None), ("sdb", "sas", False, 10000), ("nvme0n1", "nvme", True, None)],
    ids=["SATA", "SAS", "NVMe"],
)
def test_kinds_of_disk(
    disks: dict[str, Disk], name: str, transport: str, is_running: bool, rpm: int | None
) -> None:
    disk = disks[name]
    assert (disk.transport, disk.is_running, disk.rpm) == (transport, is_running, rpm)
