"""The SMBIOS table: what firmware says of the machine (DSP0134). Pure; bears cut and odd tables."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from openesm.host.tree import label

MOST_STRUCTURES = 8192
_END_OF_TABLE = 127


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure: its formatted part (header included) and its strings."""

    kind: int
    handle: int
    data: bytes
    strings: tuple[bytes, ...]

    def byte(self, offset: int) -> int | None:
        return self.data[offset] if offset < len(self.data) else None

    def word(self, offset: int) -> int | None:
        return self._unpack("<H", offset)

    def dword(self, offset: int) -> int | None:
        return self._unpack("<I", offset)

    def qword(self, offset: int) -> int | None:
        return self._unpack("<Q", offset)

    def text(self, offset: int) -> str | None:
        """The string whose number stands at `offset`; None when there is none."""
        index = self.byte(offset)
        if not index or index > len(self.strings):
            return None
        return label(self.strings[index - 1].decode("utf-8", "replace"))

    def _unpack(self, form: str, offset: int) -> int | None:
        if offset + struct.calcsize(form) > len(self.data):
            return None
        value: int = struct.unpack_from(form, self.data, offset)[0]
        return value


@dataclass(frozen=True, slots=True)
class Processor:
    """A socket (type 4). `status`: 1 enabled, 2 disabled by the user, 3 by the BIOS (POST error)."""

    handle: int
    socket: str | None
    family: int | None
    manufacturer: str | None
    version: str | None
    processor_id: str | None
    max_mhz: int | None
    external_clock_mhz: int | None
    populated: bool
    status: int
    upgrade: int | None
    cores: int | None
    cores_enabled: int | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class MemoryDevice:
    """A memory socket (type 17). `size` in KiB: 0 empty, None unknown. Speeds in MT/s."""

    handle: int
    locator: str | None
    bank: str | None
    size: int | None
    total_width: int | None
    data_width: int | None
    form_factor: int | None
    kind: int | None
    speed: int | None
    configured_speed: int | None
    manufacturer: str | None
    serial_number: str | None
    asset_tag: str | None
    part_number: str | None
    ranks: int | None


@dataclass(frozen=True, slots=True)
class Firmware:
    """What the table tells. Absent facts are None or empty."""

    version: tuple[int, int] | None = None
    bios_vendor: str | None = None
    bios_version: str | None = None
    bios_date: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    serial_number: str | None = None
    uuid: bytes | None = None
    board_manufacturer: str | None = None
    board_product: str | None = None
    chassis_type: int | None = None
    chassis_serial_number: str | None = None
    chassis_asset_tag: str | None = None
    sku: str | None = None
    processors: tuple[Processor, ...] = ()
    memory_devices: tuple[MemoryDevice, ...] = ()
    memory_slots: int | None = None
    memory_mapped: int | None = None
    has_ipmi: bool = False

    @property
    def guid(self) -> str | None:
        """The UUID as text; its first three fields are little-endian since SMBIOS 2.6 (CAU-21)."""
        if self.uuid is None:
            return None
        raw = self.uuid
        if self.version is None or self.version >= (2, 6):
            raw = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
        text = raw.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    @property
    def guid_raw(self) -> str | None:
        """The same 16 bytes in the order of the table (CAU-21)."""
        return self.uuid.hex() if self.uuid is not None else None


def parse_entry_point(content: bytes | None) -> tuple[int, int] | None:
    """The SMBIOS version of a 32-bit (`_SM_`) or 64-bit (`_SM3_`) entry point."""
    if content and content.startswith(b"_SM3_") and len(content) > 8:
        return content[7], content[8]
    if content and content.startswith(b"_SM_") and len(content) > 7:
        return content[6], content[7]
    return None


def structures(table: bytes) -> Iterator[Structure]:
    """The structures up to the end mark, or to where the table is cut or makes no sense."""
    at = 0
    for _ in range(MOST_STRUCTURES):
        if at + 4 > len(table):
            return
        kind, length, handle = struct.unpack_from("<BBH", table, at)
        if length < 4 or kind == _END_OF_TABLE:
            return
        end = table.find(b"\0\0", at + length)
        is_cut = end < 0
        strings = table[at + length : len(table) if is_cut else end].split(b"\0")
        yield Structure(kind, handle, table[at : at + length], tuple(strings[:-1] if is_cut else strings))
        if is_cut:
            return
        at = end + 2


def parse(entry_point: bytes | None, table: bytes | None) -> Firmware:
    """The facts of a table; the first structure of a kind counts where there should be one."""
    found = list(structures(table or b""))
    first: dict[int, Structure] = {}
    for structure in found:
        first.setdefault(structure.kind, structure)
    blank = Structure(0, 0, b"", ())
    bios, system, board, chassis = (first.get(kind, blank) for kind in range(4))
    chassis_type = chassis.byte(5)
    return Firmware(
        version=parse_entry_point(entry_point),
        bios_vendor=bios.text(4),
        bios_version=bios.text(5),
        bios_date=bios.text(8),
        manufacturer=system.text(4),
        product=system.text(5),
        serial_number=system.text(7),
        uuid=_uuid(system),
        board_manufacturer=board.text(4),
        board_product=board.text(5),
        chassis_type=chassis_type & 0x7F if chassis_type is not None else None,
        chassis_serial_number=chassis.text(7),
        chassis_asset_tag=chassis.text(8),
        sku=system.text(0x19),
        processors=tuple(_processor(each) for each in found if each.kind == 4),
        memory_devices=tuple(_memory_device(each) for each in found if each.kind == 17),
        memory_slots=_memory_slots(found),
        memory_mapped=_memory_mapped(found),
        has_ipmi=38 in first,
    )


def _uuid(system: Structure) -> bytes | None:
    raw = system.data[8:24]
    return raw if len(raw) == 16 and raw.strip(b"\0") and raw.strip(b"\xff") else None


def _known(value: int | None, *unknown: int) -> int | None:
    return None if value in unknown else value


def _count(structure: Structure, offset: int, wide_offset: int) -> int | None:
    """A count in a byte, which stands in a word at `wide_offset` when it is FFh (DSP0134 7.5)."""
    narrow = structure.byte(offset)
    wide = structure.word(wide_offset) if narrow == 0xFF else narrow
    return _known(wide, 0, 0xFF if wide is None else 0xFFFF)


def _processor(structure: Structure) -> Processor:
    family = structure.byte(0x06)
    status = structure.byte(0x18) or 0
    identity = structure.data[0x08:0x10]
    return Processor(
        handle=structure.handle,
        socket=structure.text(0x04),
        family=structure.word(0x28) if family == 0xFE else family,
        manufacturer=structure.text(0x07),
        version=structure.text(0x10),
        processor_id=identity[::-1].hex().upper() if len(identity) == 8 and any(identity) else None,
        max_mhz=_known(structure.word(0x14), 0),
        external_clock_mhz=_known(structure.word(0x12), 0),
        populated=bool(status & 0x40),
        status=status & 0x07,
        upgrade=structure.byte(0x19),
        cores=_count(structure, 0x23, 0x2A),
        cores_enabled=_count(structure, 0x24, 0x2C),
        threads=_count(structure, 0x25, 0x2E),
    )


def _size(structure: Structure) -> int | None:
    """KiB (DSP0134 7.18.1): bit 15 says KiB rather than MiB; 7FFFh points to the extended size in MiB."""
    size = _known(structure.word(0x0C), 0xFFFF)
    if size == 0x7FFF:
        extended = structure.dword(0x1C)
        return (extended & 0x7FFFFFFF) << 10 if extended is not None else None
    if size is None:
        return None
    return size & 0x7FFF if size & 0x8000 else size << 10


def _speed(structure: Structure, offset: int, wide_offset: int) -> int | None:
    speed = structure.word(offset)
    return _known(structure.dword(wide_offset) if speed == 0xFFFF else speed, 0)


def _memory_device(structure: Structure) -> MemoryDevice:
    ranks = structure.byte(0x1B)
    return MemoryDevice(
        handle=structure.handle,
        locator=structure.text(0x10),
        bank=structure.text(0x11),
        size=_size(structure),
        total_width=_known(structure.word(0x08), 0xFFFF),
        data_width=_known(structure.word(0x0A), 0xFFFF),
        form_factor=structure.byte(0x0E),
        kind=structure.byte(0x12),
        speed=_speed(structure, 0x15, 0x54),
        configured_speed=_speed(structure, 0x20, 0x58),
        manufacturer=structure.text(0x17),
        serial_number=structure.text(0x18),
        asset_tag=structure.text(0x19),
        part_number=structure.text(0x1A),
        ranks=_known(ranks & 0x0F, 0) if ranks is not None else None,
    )


def _memory_slots(found: list[Structure]) -> int | None:
    """The memory sockets that the system-memory arrays (type 16, use 3) have."""
    counts = [each.word(0x0D) for each in found if each.kind == 16 and each.byte(0x05) == 3]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _memory_mapped(found: list[Structure]) -> int | None:
    """KiB that the mapped arrays (type 19) span; the counterpart of MemTotal."""
    spans = [_span(each) for each in found if each.kind == 19]
    known = [span for span in spans if span is not None]
    return sum(known) if known else None


def _span(structure: Structure) -> int | None:
    start, end = structure.dword(0x04), structure.dword(0x08)
    if start == 0xFFFFFFFF:
        low, high = structure.qword(0x0F), structure.qword(0x17)
        return (high - low + 1) >> 10 if low is not None and high is not None and high >= low else None
    return end - start + 1 if start is not None and end is not None and end >= start else None


_CHASSIS_NAMES = (
    "Other, Unknown, Desktop, Low Profile Desktop, Pizza Box, Mini Tower, Tower, Portable, Laptop, Notebook, "
    "Hand Held, Docking Station, All in One, Sub Notebook, Space-saving, Lunch Box, Main Server Chassis, "
    "Expansion Chassis, SubChassis, Bus Expansion Chassis, Peripheral Chassis, RAID Chassis, "
    "Rack Mount Chassis, Sealed-case PC, Multi-system chassis, Compact PCI, Advanced TCA, Blade, "
    "Blade Enclosure, Tablet, Convertible, Detachable, IoT Gateway, Embedded PC, Mini PC, Stick PC"
)
CHASSIS_TYPES = dict(enumerate(_CHASSIS_NAMES.split(", "), start=1))  # DSP0134 7.4.1
