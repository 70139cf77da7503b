"""Writes the binary tables that a recorded machine needs: SMBIOS structures and rtnetlink dumps."""

import socket
import struct
from collections.abc import Sequence


def structure(kind: int, handle: int, body: bytes, *strings: str | bytes) -> bytes:
    """An SMBIOS structure; `body` is what follows the four bytes of the header."""
    texts = [text.encode() if isinstance(text, str) else text for text in strings]
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + b"\0".join(texts) + b"\0\0"


def entry_point(major: int, minor: int) -> bytes:
    return b"_SM_\0\x1f" + bytes([major, minor]) + bytes(23)


def entry_point_64(major: int, minor: int) -> bytes:
    return b"_SM3_\0\x18" + bytes([major, minor]) + bytes(15)


def bios(vendor: str, version: str, date: str) -> bytes:
    return structure(0, 0, bytes([1, 2, 0, 0, 3, 0]) + bytes(10), vendor, version, date)


def system(maker: str | bytes, product: str | bytes, serial: str, uuid: bytes, sku: str = "") -> bytes:
    texts = (maker, product, serial, sku) if sku else (maker, product, serial)
    return structure(1, 1, bytes([1, 2, 0, 3]) + uuid + bytes([6, 4 if sku else 0, 0]), *texts)


def board(maker: str, product: str) -> bytes:
    return structure(2, 2, bytes([1, 2, 0, 0]), maker, product)


def chassis(kind: int, serial: str, asset_tag: str) -> bytes:
    return structure(3, 3, bytes([0, kind, 0, 1, 2]) + bytes(8), serial, asset_tag)


def processor(handle: int, socket_name: str, status: int, cores: int = 8, max_mhz: int = 4000) -> bytes:
    body = struct.pack(
        "<BBBB8sBBHHHBBHHHBBBBBBHH",
        1, 3, 0xB3, 2, bytes.fromhex("f2060300fffbebbf"), 3, 0x8B, 100, max_mhz, 2400, status, 0x2B,
        0xFFFF, 0xFFFF, 0xFFFF, 0, 0, 0, cores, cores, 2 * cores, 0xFC, 0xB3,
    )  # fmt: skip
    return structure(4, handle, body, socket_name, "Intel", "Xeon Test")


def memory_array(slots: int) -> bytes:
    return structure(16, 0x1000, struct.pack("<BBBIHHQ", 3, 3, 6, 0x80000000, 0xFFFE, slots, 1 << 40))


def memory_device(
    handle: int, locator: str, size_word: int, extended_mib: int = 0, part: str = "M393A4K40BB1-CRC"
) -> bytes:
    body = struct.pack(
        "<HHHHHBBBBBHHBBBBBIH",
        0x1000, 0xFFFE, 72, 64, size_word, 9, 0, 1, 2, 26, 0x2080, 2400, 3, 4, 0, 5, 2, extended_mib, 2133,
    )  # fmt: skip
    return structure(17, handle, body, locator, "NODE 1", "Samsung", f"SN{handle:04X}", part)


def mapped_array(kib: int) -> bytes:
    return structure(19, 0x1300, struct.pack("<IIHB", 0, kib - 1, 0x1000, 1))


def ipmi() -> bytes:
    return structure(38, 0x2600, struct.pack("<BBBBQ", 1, 0x20, 0x20, 0xFF, 0xCA3))


END = structure(127, 0x7F00, b"")


def message(kind: int, payload: bytes) -> bytes:
    """An rtnetlink message, padded to a multiple of four bytes."""
    head = struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 0)
    return head + payload + bytes(-len(payload) % 4)


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(
    index: int,
    name: str,
    address: str,
    *,
    hardware: int = 1,
    flags: int = 0x1043,
    kind: str = "",
    master: int = 0,
    permanent: str = "",
    counters: Sequence[int] = (),
) -> bytes:
    """An RTM_NEWLINK message; addresses in hexadecimal, `counters` as in rtnl_link_stats64."""
    values = [
        attribute(3, name.encode() + b"\0"),
        attribute(1, bytes.fromhex(address)),
        attribute(4, struct.pack("=I", 1500)),
        attribute(16, b"\x06" if flags & 1 else b"\x02"),
        attribute(33, b"\x01" if flags & 1 else b"\x00"),
    ]
    if counters:
        values.append(attribute(23, struct.pack("=10Q", *counters) + bytes(8 * 14)))
    if master:
        values.append(attribute(10, struct.pack("=I", master)))
    if permanent:
        values.append(attribute(54, bytes.fromhex(permanent)))
    if kind:
        values.append(attribute(18, attribute(1, kind.encode() + b"\0")))
    return message(16, struct.pack("=BxHiII", 0, hardware, index, flags, 0) + b"".join(values))


def address(index: int, text: str, scope: int = 0) -> bytes:
    """An RTM_NEWADDR message."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    raw = socket.inet_pton(family, text)
    kinds = (1,) if family == socket.AF_INET6 else (1, 2)
    head = struct.pack("=BBBBI", family, 64 if family == socket.AF_INET6 else 24, 0x80, scope, index)
    return message(20, head + b"".join(attribute(kind, raw) for kind in kinds))


DONE = message(3, bytes(4))
