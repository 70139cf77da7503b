"""SMBIOS tables, whole, cut and odd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.host import smbios
from tests.hosts import tables
from tests.hosts.machines import UUID

TABLE = (
    tables.bios("Vendor", "V1", "01/02/2020")
    + tables.system("Maker", "Box", "S1", UUID)
    + tables.processor(0x400, "CPU 1", 0x41)
    + tables.processor(0x401, "CPU 2", 0x43)
    + tables.processor(0x402, "CPU 3", 0x00)
    + tables.memory_array(4)
    + tables.memory_device(0x1101, "A1", 16384)
    + tables.mapped_array(8 << 20)
    + tables.END
    + tables.ipmi()
)


@pytest.mark.parametrize(
    ("entry_point", "guid"),
    [
        pytest.param(tables.entry_point(2, 8), "12345678-abcd-1234-abcd-123456789abc", id="2.8 swaps"),
        pytest.param(tables.entry_point(2, 6), "12345678-abcd-1234-abcd-123456789abc", id="2.6 swaps"),
        pytest.param(tables.entry_point(2, 5), "78563412-cdab-3412-abcd-123456789abc", id="2.5 does not"),
        pytest.param(tables.entry_point_64(3, 2), "12345678-abcd-1234-abcd-123456789abc", id="3.2 swaps"),
        pytest.param(None, "12345678-abcd-1234-abcd-123456789abc", id="version unknown"),
        pytest.param(b"_SM_", "12345678-abcd-1234-abcd-123456789abc", id="entry point cut"),
    ],
)
def test_uuid_in_both_forms(entry_point: bytes | None, guid: str) -> None:
    firmware = smbios.parse(entry_point, TABLE)
    assert firmware.guid == guid
    assert firmware.guid_raw == "78563412cdab3412abcd123456789abc"


@pytest.mark.parametrize("uuid", [bytes(16), b"\xff" * 16], ids=["not present", "not set"])
def test_a_uuid_that_is_none(uuid: bytes) -> None:
    firmware = smbios.parse(None, tables.system("M", "P", "S", uuid))
    assert (firmware.guid, firmware.guid_raw) == (None, None)


def test_sockets() -> None:
    sockets = smbios.parse(None, TABLE).processors
    assert [(each.socket, each.populated, each.status) for each in sockets] == [
        ("CPU 1", True, 1),
        ("CPU 2", True, 3),
        ("CPU 3", False, 0),
    ]
    assert (sockets[0].cores, sockets[0].threads, sockets[0].max_mhz) == (8, 16, 4000)


def test_what_follows_the_end_mark_does_not_count() -> None:
    assert smbios.parse(None, TABLE).has_ipmi is False
    assert smbios.parse(None, tables.ipmi() + TABLE).has_ipmi is True


def test_memory_arrays() -> None:
    firmware = smbios.parse(None, TABLE)
    assert (firmware.memory_slots, firmware.memory_mapped) == (4, 8 << 20)


@pytest.mark.parametrize(
    ("word", "extended", "kib"),
    [
        pytest.param(0, 0, 0, id="empty"),
        pytest.param(0xFFFF, 0, None, id="unknown"),
        pytest.param(16384, 0, 16384 << 10, id="MiB"),
        pytest.param(0x8000 | 512, 0, 512, id="KiB"),
        pytest.param(0x7FFF, 65536, 65536 << 10, id="extended"),
    ],
)
def test_memory_device_size(word: int, extended: int, kib: int | None) -> None:
    (device,) = smbios.parse(None, tables.memory_device(1, "A1", word, extended)).memory_devices
    assert device.size == kib


@pytest.mark.parametrize("length", range(0, len(TABLE), 7))
def test_a_cut_table_gives_what_is_whole(length: int) -> None:
    whole, cut = smbios.parse(None, TABLE), smbios.parse(None, TABLE[:length])
    assert cut.product in (whole.product, None)
    assert cut.guid in (whole.guid, None)
    assert len(cut.processors) <= len(whole.processors)


@given(st.binary(max_size=400), st.binary(max_size=40))
def test_nothing_in_a_table_raises(table: bytes, entry_point: bytes) -> None:
    assert smbios.parse(entry_point, table).chassis_type in (None, *range(128))
