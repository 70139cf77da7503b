"""Disks, from sysfs: what they are, what they have done, what they complain of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from openesm.host.tree import Tree, label, number, printable, signed

_NOT_DISKS = re.compile(r"(loop|ram|zram|dm-|md|sr|fd|nbd|mtdblock)\d")
_BY_ID = "dev/disk/by-id"
# A by-id name that says make and serial number is preferred to a bare number.
_ID_ORDER = ("ata-", "scsi-S", "nvme-", "usb-", "virtio-", "mmc-", "scsi-", "wwn-")
_BARE_NUMBERS = ("nvme-eui.", "nvme-nvme.", "nvme-uuid.", "scsi-3", "scsi-2")
_HCTL = re.compile(r"\d+:\d+:\d+:\d+\Z")
_TRANSPORTS = (
    ("/usb", "usb"), ("/nvme", "nvme"), ("/virtio", "virtio"), ("/mmc_host/", "mmc"), ("/session", "iscsi"),
    ("/rport-", "fc"), ("/end_device-", "sas"), ("/ata", "sata"),
)  # fmt: skip
SECTOR = 512  # bytes; sysfs counts in these whatever the disk has


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk drive; `vendor`, `model` and `revision` as in /proc/scsi/scsi, where they are cut (CAU-19)."""

    name: str
    by_id: str | None
    vendor: str | None
    model: str | None
    full_model: str | None
    revision: str | None
    serial_number: str | None
    wwid: str | None
    transport: str | None
    hctl: str | None
    removable: bool | None
    rotational: bool | None
    rpm: int | None
    size: int | None  # bytes
    block_size: int | None
    is_running: bool | None
    reads: int | None
    writes: int | None
    read_bytes: int | None
    written_bytes: int | None
    io_errors: int | None
    temperature: int | None  # °C


def read_disks(tree: Tree) -> Iterator[Disk]:
    """Every single disk: no stacked or virtual device, and no member of a RAID array."""
    by_id = read_by_id(tree)
    for name in tree.names("sys/block"):
        place = f"sys/block/{name}"
        hidden = tree.line(f"{place}/hidden") == "1"
        if not _NOT_DISKS.match(name) and not hidden and not _is_raid_member(tree, name):
            yield _disk(tree, name, by_id.get(name))


def _is_raid_member(tree: Tree, name: str) -> bool:
    place = f"sys/block/{name}"
    parts = [place, *(f"{place}/{part}" for part in tree.names(place) if part.startswith(name))]
    return any(holder.startswith("md") for part in parts for holder in tree.names(f"{part}/holders"))


def read_by_id(tree: Tree) -> dict[str, str]:
    """Kernel name -> the best of its names in /dev/disk/by-id."""
    best: dict[str, tuple[int, str]] = {}
    for link in tree.names(_BY_ID):
        name = tree.link_name(f"{_BY_ID}/{link}")
        if name:
            best[name] = min(best.get(name, (99, "")), (_rank(link), link))
    return {name: printable(link) for name, (_, link) in best.items()}


def _rank(link: str) -> int:
    if link.startswith(_BARE_NUMBERS):
        return len(_ID_ORDER)
    return next((place for place, start in enumerate(_ID_ORDER) if link.startswith(start)), len(_ID_ORDER))


def _disk(tree: Tree, name: str, by_id: str | None) -> Disk:
    place = f"sys/block/{name}"
    vendor = tree.label(f"{place}/device/vendor")
    model = tree.label(f"{place}/device/model") or tree.label(f"{place}/device/name")
    sectors = tree.number(f"{place}/size")
    hctl = tree.link_name(f"{place}/device") or ""
    state = tree.line(f"{place}/device/state")
    rotational = _flag(tree, f"{place}/queue/rotational")
    counters = [number(word) for word in (tree.text(f"{place}/stat") or "").split()]
    reads, read_sectors, writes, written_sectors = (
        counters[at] if at < len(counters) else None for at in (0, 2, 4, 6)
    )
    return Disk(
        name=name,
        by_id=by_id,
        vendor=None if vendor and vendor.startswith("0x") else vendor,
        model=model,
        full_model=_designated_model(tree.raw(f"{place}/device/vpd_pg83"), vendor) or model,
        revision=tree.label(f"{place}/device/rev") or tree.label(f"{place}/device/firmware_rev"),
        serial_number=tree.label(f"{place}/device/serial")
        or tree.label(f"{place}/serial")
        or _unit_serial(tree.raw(f"{place}/device/vpd_pg80")),
        wwid=tree.label(f"{place}/device/wwid") or tree.label(f"{place}/wwid"),
        transport=_transport(f"/{tree.real(f'{place}/device')}", hctl),
        hctl=hctl if _HCTL.match(hctl) else None,
        removable=_flag(tree, f"{place}/removable"),
        rotational=rotational,
        rpm=_rotation_rate(tree.raw(f"{place}/device/vpd_pgb1")),
        size=_bytes(sectors),
        block_size=tree.number(f"{place}/queue/logical_block_size"),
        is_running=None if state is None else state in ("running", "live"),
        reads=reads,
        writes=writes,
        read_bytes=_bytes(read_sectors),
        written_bytes=_bytes(written_sectors),
        io_errors=tree.number(f"{place}/device/ioerr_cnt", 0),
        temperature=_temperature(tree, place),
    )


def _bytes(sectors: int | None) -> int | None:
    return sectors * SECTOR if sectors is not None and sectors < 2**55 else None


def _flag(tree: Tree, path: str) -> bool | None:
    return {"0": False, "1": True}.get(tree.line(path) or "")


def _transport(device_path: str, hctl: str) -> str | None:
    known = next((name for mark, name in _TRANSPORTS if mark in device_path), None)
    return known or ("scsi" if _HCTL.match(hctl) else None)


def _unit_serial(page: bytes | None) -> str | None:
    """The unit serial number of VPD page 80h (SPC-4 7.8.14)."""
    if page is None or len(page) < 4 or page[1] != 0x80:
        return None
    return label(page[4 : 4 + int.from_bytes(page[2:4], "big")].decode("ascii", "replace"))


def _designated_model(page: bytes | None, vendor: str | None) -> str | None:
    """The whole model of a SATA disk, from the T10 designator of VPD page 83h (SAT-3 10.3.4)."""
    if page is None or vendor != "ATA":
        return None
    at = 4
    while at + 4 <= len(page):
        length = page[at + 3]
        if page[at + 1] & 0x0F == 1:
            return label(page[at + 4 : at + 4 + length][8:48].decode("ascii", "replace"))
        at += 4 + length
    return None


def _rotation_rate(page: bytes | None) -> int | None:
    """The medium rotation rate of VPD page B1h (SBC-3 6.6.2): 1 does not rotate."""
    if page is None or len(page) < 6 or page[1] != 0xB1:
        return None
    rate = int.from_bytes(page[4:6], "big")
    if rate == 1:
        return 0
    return rate if 0x401 <= rate <= 0xFFFE else None


def _temperature(tree: Tree, place: str) -> int | None:
    """Of the drivetemp or nvme sensor of the disk."""
    direct = [
        f"{place}/device/{name}" for name in tree.names(f"{place}/device") if re.match(r"hwmon\d", name)
    ]
    nested = [f"{place}/device/hwmon/{name}" for name in tree.names(f"{place}/device/hwmon")]
    for sensor in direct + nested:
        millidegrees = signed(tree.line(f"{sensor}/temp1_input"), -273_000, 1_000_000)
        if millidegrees is not None:
            return round(millidegrees / 1000)
    return None
