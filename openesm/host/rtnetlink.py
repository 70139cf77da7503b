"""Interfaces and their addresses, from dumps of the kernel's rtnetlink (rtnetlink(7)).

`ask` is the edge, the parsers are pure. A dump has no fixed size, so neither has anything here (CAU-2).
"""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from openesm.host.tree import printable

RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_LARGEST_DUMP = 64 << 20
_TIMEOUT_S = 2.0
_OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_STATISTICS = (
    "rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped",
    "multicast", "collisions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """An interface. `kind` is the driver's word for a virtual one (veth, bond, vlan …), else ""."""

    index: int | None
    name: str
    hardware: int | None = None  # ARPHRD_*
    flags: int | None = None  # IFF_*
    address: bytes | None = None
    permanent_address: bytes | None = None
    mtu: int | None = None
    operstate: str | None = None
    carrier: bool | None = None
    master: int | None = None
    kind: str = ""
    statistics: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    index: int
    family: int  # AF_INET, AF_INET6
    text: str
    scope: int  # 0 global, 253 link, 254 host


def ask(kind: int) -> bytes:
    """The dump for RTM_GETLINK or RTM_GETADDR, message after message.

    Raises:
        OSError: no netlink, or no answer in time.
    """
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    ) as channel:
        channel.settimeout(_TIMEOUT_S)
        channel.bind((0, 0))
        channel.send(struct.pack("=IHHII", 32, kind, _REQUEST_DUMP, 1, 0) + bytes(16))
        answer = b""
        while len(answer) < _LARGEST_DUMP:
            part = channel.recv(1 << 18)
            answer += part
            if any(message[0] in (_ERROR, _DONE) for message in messages(part)):
                break
        return answer


def messages(dump: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, payload) of each message; stops where the dump is cut."""
    at = 0
    while at + 16 <= len(dump):
        length, kind = struct.unpack_from("=IH", dump, at)
        if length < 16 or at + length > len(dump):
            return
        yield kind, dump[at + 16 : at + length]
        at += (length + 3) & ~3


def attributes(payload: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while at + 4 <= len(payload):
        length, kind = struct.unpack_from("=HH", payload, at)
        if length < 4 or at + length > len(payload):
            break
        found[kind & 0x3FFF] = payload[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def parse_addresses(dump: bytes | None) -> list[Address]:
    """The addresses of all interfaces in the kernel's order."""
    found = []
    for kind, payload in messages(dump or b""):
        if kind != RTM_NEWADDR or len(payload) < 8:
            continue
        family, _, _, scope, index = struct.unpack_from("=BBBBI", payload)
        values = attributes(payload[8:])
        raw = values.get(2) or values.get(1) or b""  # IFA_LOCAL, IFA_ADDRESS
        if (family, len(raw)) in ((socket.AF_INET, 4), (socket.AF_INET6, 16)):
            found.append(Address(index, family, socket.inet_ntop(family, raw), scope))
    return found


def parse_links(dump: bytes | None) -> list[Link]:
    """The interfaces in the order of their index."""
    found = []
    for kind, payload in messages(dump or b""):
        if kind != RTM_NEWLINK or len(payload) < 16:
            continue
        _, hardware, index, flags = struct.unpack_from("=BxHiI", payload)
        values = attributes(payload[16:])
        name = values.get(3, b"").rstrip(b"\0")
        if name and index > 0:
            found.append(_link(index, os.fsdecode(name), hardware, flags, values))
    return sorted(found, key=lambda link: link.index or 0)


def _link(index: int, name: str, hardware: int, flags: int, values: dict[int, bytes]) -> Link:
    state = _integer(values.get(16))
    carrier = _integer(values.get(33))
    counters = values.get(23, b"")
    kind = attributes(values.get(18, b"")).get(1, b"")
    return Link(
        index=index,
        name=name,
        hardware=hardware,
        flags=flags,
        address=values.get(1),
        permanent_address=values.get(54),
        mtu=_integer(values.get(4)),
        operstate=_OPERSTATES[state] if state is not None and state < len(_OPERSTATES) else None,
        carrier=bool(carrier) if carrier is not None else None,
        master=_integer(values.get(10)),
        kind=printable(kind.rstrip(b"\0").decode("utf-8", "replace")),
        statistics=tuple(zip(_STATISTICS, struct.unpack_from("=10Q", counters), strict=True))
        if len(counters) >= 80
        else (),
    )


def _integer(raw: bytes | None) -> int | None:
    return (
        int.from_bytes(raw, "little" if struct.pack("=H", 1)[0] else "big") if raw and len(raw) <= 8 else None
    )
