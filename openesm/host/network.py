"""Network interfaces of every kind: what rtnetlink tells, and sysfs where it tells more."""

import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from openesm.host.rtnetlink import Address, Link
from openesm.host.tree import Tree, label, number, printable, signed

_NET = "sys/class/net"
PCI_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")
_PHYSICAL_KINDS = {
    1: "ethernet", 32: "infiniband", 256: "slip", 280: "can", 512: "ppp", 768: "tunnel", 769: "tunnel6",
    772: "loopback", 774: "fddi", 776: "sit", 778: "gre", 783: "irda", 784: "fibre channel", 801: "wlan",
    802: "wlan", 803: "wlan", 823: "ip6gre", 65534: "none",
}  # fmt: skip
_ROUTE_GATEWAY = 0x2
_LARGEST_SPEED = 10_000_000  # Mbit/s; the kernel's "unknown" is -1 or 4294967295


@dataclass(frozen=True, slots=True)
class Interface:
    """A link, and what sysfs knows of its device. Speeds in Mbit/s."""

    link: Link
    kind: str | None
    master: str | None
    speed: int | None
    fastest: int | None
    full_duplex: bool | None
    driver: str | None
    pci_address: str | None
    permanent_address: bytes | None
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    gateway: str | None

    @property
    def name(self) -> str:
        return self.link.name


def read_links(tree: Tree) -> list[Link]:
    """The interfaces as sysfs shows them, for where there is no netlink."""
    names = [name for name in tree.names(_NET) if tree.is_directory(f"{_NET}/{name}")]
    links = [_read_link(tree, name) for name in names]
    return sorted(links, key=lambda link: (link.index is None, link.index or 0, link.name))


def _read_link(tree: Tree, name: str) -> Link:
    place = f"{_NET}/{name}"
    carrier = tree.line(f"{place}/carrier")
    counters = ((counter, tree.number(f"{place}/statistics/{counter}")) for counter in _COUNTERS)
    master = tree.link_name(f"{place}/master")
    return Link(
        index=_small(tree.number(f"{place}/ifindex")),
        name=name,
        hardware=tree.number(f"{place}/type"),
        flags=tree.number(f"{place}/flags", 16),
        address=_octets(tree.line(f"{place}/address")),
        mtu=_small(tree.number(f"{place}/mtu")),
        operstate=tree.label(f"{place}/operstate"),
        carrier=carrier == "1" if carrier in ("0", "1") else None,
        master=_small(tree.number(f"{_NET}/{master}/ifindex")) if master else None,
        statistics=tuple((counter, count) for counter, count in counters if count is not None),
    )


_COUNTERS = (
    "rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped",
    "collisions",
)  # fmt: skip


def _small(value: int | None) -> int | None:
    return value if value is not None and value < 2**31 else None


def _octets(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex((text or "").replace(":", "")) or None
    except ValueError:
        return None


def describe(
    tree: Tree,
    link: Link,
    names: Mapping[int | None, str],
    addresses: list[Address],
    gateways: Mapping[str, str],
    permanent_address: bytes | None,
    fastest: int | None,
) -> Interface:
    place = f"{_NET}/{link.name}"
    speed = signed(tree.line(f"{place}/speed"), 0, _LARGEST_SPEED)
    permanent = permanent_address or link.permanent_address
    if not permanent and tree.line(f"{place}/addr_assign_type") == "0" and tree.exists(f"{place}/device"):
        permanent = link.address
    own = [address for address in addresses if address.index == link.index]
    return Interface(
        link=link,
        kind=_kind(tree, link),
        master=names.get(link.master) if link.master else None,
        speed=speed,
        fastest=max(filter(None, (speed, fastest)), default=None),
        full_duplex={"full": True, "half": False}.get(tree.line(f"{place}/duplex") or ""),
        driver=tree.link_name(f"{place}/device/driver"),
        pci_address=pci_address(tree.real(f"{place}/device")) if tree.exists(f"{place}/device") else None,
        permanent_address=permanent if permanent and any(permanent) else None,
        ipv4=tuple(address.text for address in own if address.family == socket.AF_INET),
        ipv6=tuple(address.text for address in own if address.family == socket.AF_INET6),
        gateway=gateways.get(link.name),
    )


def _kind(tree: Tree, link: Link) -> str | None:
    """The driver's word (bond, vlan, veth …), sysfs's DEVTYPE (wlan), or the kind of hardware."""
    if link.kind:
        return link.kind
    uevent = tree.text(f"{_NET}/{link.name}/uevent") or ""
    device_type = re.search(r"^DEVTYPE=(.+)$", uevent, re.MULTILINE)
    if device_type:
        return label(device_type[1])
    if link.hardware is None:
        return None
    return _PHYSICAL_KINDS.get(link.hardware, f"type {link.hardware}")


def pci_address(device_path: str) -> str | None:
    """The PCI function that a path below sys/devices passes last."""
    return next((part for part in reversed(device_path.split("/")) if PCI_ADDRESS.match(part)), None)


def read_gateways(tree: Tree) -> dict[str, str]:
    """Interface -> gateway of its default route; IPv4 before IPv6, the lowest metric first."""
    found: list[tuple[int, int, str, str]] = []
    for line in (tree.text("proc/net/ipv6_route") or "").splitlines():
        words = line.split()
        if len(words) >= 10 and words[0] == "0" * 32 and words[1] == "00":
            found += _route(6, words[9], words[4], words[8], words[5])
    for line in (tree.text("proc/net/route") or "").splitlines():
        words = line.split()
        if len(words) >= 8 and words[1] == "00000000" and words[7] == "00000000":
            metric = number(words[6])
            found += _route(4, words[0], words[2], words[3], f"{metric or 0:x}")
    return {name: gateway for _, _, name, gateway in sorted(found, reverse=True)}


def _route(version: int, name: str, gateway: str, flags: str, metric: str) -> list[tuple[int, int, str, str]]:
    bits = number(flags, 16)
    try:
        raw = bytes.fromhex(gateway)
        if version == 4:
            raw = struct.pack("=I", int.from_bytes(raw, "big"))
        text = socket.inet_ntop(socket.AF_INET if version == 4 else socket.AF_INET6, raw)
    except (ValueError, OSError, struct.error):
        return []
    usable = bits is not None and bits & _ROUTE_GATEWAY and any(raw)
    return [(version, number(metric, 16) or 0, printable(name), text)] if usable else []
