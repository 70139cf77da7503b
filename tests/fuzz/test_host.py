"""What kernel, firmware and tools say of a machine: nothing in it may raise, however odd."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import strategies as st

from openesm.host import cpu, identity, memory, mounts, pci, rtnetlink, smbios
from openesm.host.smart import Smart, parse_smart
from openesm.host.tree import label, number, number_list, printable
from tests.fuzz.hunt import broken, hunt
from tests.hosts import tables

TABLE = (
    tables.bios("Vendor", "V1", "01/02/2020")
    + tables.system("Maker", "Box", "S1", bytes(range(16)), "SKU")
    + tables.chassis(23, "C1", "tag")
    + tables.processor(0x400, "CPU 1", 0x41)
    + tables.memory_array(4)
    + tables.memory_device(0x1101, "A1", 16384)
    + tables.mapped_array(8 << 20)
    + tables.ipmi()
    + tables.END
)
ENTRY_POINTS = (tables.entry_point(2, 8), tables.entry_point_64(3, 2))
DUMPS = (
    tables.link(2, "eth0", "020000000001", kind="veth", master=10) + tables.DONE,
    tables.address(2, "192.0.2.1") + tables.address(3, "2001:db8::1", 253) + tables.DONE,
)
MOUNTINFO = (
    b"36 35 8:1 / /mnt\\040x rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue\n",
    b"29 1 0:25 / /run ro master:1 - tmpfs none ro,size=10%\n",
)
MEMINFO = (
    b"MemTotal:       16 kB\nMemFree:  8 kB\nMemAvailable: 9 kB\nSwapTotal: 0 kB\nHugePages_Total: 3\n",
)
SWAPS = (b"Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 100 5 -2\n/swap\\040file file 9 0 -3\n",)
STAT = (b"cpu  10 0 5 100 3 0 1 0 0 0\ncpu0 10 0 5 100 3 0 1 0 0 0\nintr 5 4\n",)
LOADAVG = (b"0.20 0.18 0.12 1/80 11206\n",)
HOSTS = (b"127.0.0.1 localhost\n192.0.2.9 server1.example.com server1 # name\n::1 ip6\n",)
BARS = (
    b"0x00000000fd000000 0x00000000fdffffff 0x0000000000040200\n0x0 0x0 0x0\n0x10 0x20 0x0000000000042208\n",
)
REPORTS = tuple(
    json.dumps(report).encode()
    for report in (
        {
            "smart_status": {"passed": True, "nvme": {"value": 0}},
            "smart_support": {"available": True},
            "temperature": {"current": 40},
            "power_on_time": {"hours": 5},
            "ata_smart_attributes": {"table": [{"id": 5, "value": 100, "raw": {"value": 3}}, {"id": 197}]},
            "rotation_rate": 7200,
        },
        {
            "nvme_smart_health_information_log": {"percentage_used": 3, "temperature": 1},
            "model_name": "Disk",
            "serial_number": "S",
            "firmware_version": "F",
            "endurance_used": {"current_percent": 3},
            "scsi_grown_defect_list": 7,
        },
    )
)


def read_firmware(table: bytes) -> None:
    for entry_point in (*ENTRY_POINTS, table[:20], None):
        firmware = smbios.parse(entry_point, table)
        assert firmware.guid is None or len(firmware.guid) == 36
    for structure in smbios.structures(table):
        for offset in (0, 4, 8, 300):
            structure.text(offset), structure.qword(offset)


def text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda content: read(content.decode("utf-8", "surrogateescape"))


def all_of(read: Callable[[bytes], Iterable[Any]]) -> Callable[[bytes], Any]:
    return lambda content: list(read(content))


READERS = [
    pytest.param(read_firmware, (TABLE,), id="SMBIOS"),
    pytest.param(smbios.parse_entry_point, ENTRY_POINTS, id="SMBIOS entry point"),
    pytest.param(rtnetlink.parse_links, DUMPS, id="links"),
    pytest.param(rtnetlink.parse_addresses, DUMPS, id="addresses"),
    pytest.param(all_of(mounts.parse_mountinfo), MOUNTINFO, id="mountinfo"),
    pytest.param(memory.parse_meminfo, MEMINFO, id="meminfo"),
    pytest.param(all_of(memory.parse_swaps), SWAPS, id="swaps"),
    pytest.param(cpu.parse_stat, STAT, id="stat"),
    pytest.param(cpu.parse_loadavg, LOADAVG, id="loadavg"),
    pytest.param(text(lambda hosts: identity.fqdn("server1", hosts)), HOSTS, id="hosts, full name"),
    pytest.param(text(lambda hosts: identity.named_address("server1", hosts)), HOSTS, id="hosts, address"),
    pytest.param(text(pci.largest_bar), BARS, id="PCI regions"),
    pytest.param(text(number_list), (b"0-3,8,10-11\n",), id="number lists"),
    pytest.param(text(number), (b"42\n", b"0x1f"), id="numbers"),
    pytest.param(text(label), (b" A  B\t\n",), id="labels"),
    pytest.param(text(printable), (b"A\0\x1b\xff",), id="texts"),
]


@pytest.mark.parametrize(("read", "samples"), READERS)
def test_readers(read: Callable[[bytes], Any], samples: tuple[bytes, ...]) -> None:
    def check(content: bytes) -> None:
        read(content)

    hunt(check, st.one_of(broken(samples), st.binary(max_size=200)), share=0.25)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)


@st.composite
def reshaped(draw: st.DrawFn) -> bytes:
    """A report in which some values are of another shape."""

    def other(value: Any) -> Any:
        if draw(st.integers(0, 5)) == 5:
            return draw(JSON)
        if isinstance(value, dict):
            return {name: other(inner) for name, inner in value.items()}
        return [other(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(other(json.loads(draw(st.sampled_from(REPORTS))))).encode()


def check_report(report: bytes) -> None:
    assert isinstance(parse_smart(report), Smart)


def test_smart_reports_of_any_bytes() -> None:
    hunt(check_report, st.one_of(broken(REPORTS), st.binary()))


def test_smart_reports_of_any_shape() -> None:
    hunt(check_report, reshaped())


@pytest.mark.parametrize("table", [5, True, "x", [{"id": []}], [{"id": {}}], [[5]]])
def test_smart_tables_that_are_none(table: Any) -> None:
    report = {"temperature": {"current": 40}, "ata_smart_attributes": {"table": table}}
    assert parse_smart(json.dumps(report).encode()).temperature == 40
