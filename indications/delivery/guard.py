"""Where indications may be sent: no way for a subscriber to make the agent talk to what only it can reach.

Pure (SEC-70). The addresses are looked at after the name was resolved, and the connection goes to the address
that was chosen here, so a name that changes its mind between the two gains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from openesm.text import Message

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"http": 80, "https": 443}
_URL_CHARS = 2048
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://")
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<ip6>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!$-;=?-\[\]_a-z~]*)?\Z",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a destination's URL; `host` without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target | Message:
    """The parts of a URL, or why it can be no destination; for use before anything is resolved.

    Only http and https; ports 80 and 443 where none is named; no credentials, which would show in every
    listing (SEC-72); no fragment; host names in ASCII.
    """
    if _CREDENTIALS.match(url):
        return Message.of("delivery.url-credentials", url=masked(url)[:_URL_CHARS])
    scheme = _SCHEME.match(url)
    if scheme is None or scheme[1].lower() not in _PORTS:
        return Message.of("delivery.url-scheme", url=_shown(url))
    match = _URL.match(url) if len(url) <= _URL_CHARS else None
    if match is None:
        return Message.of("delivery.url-wrong", url=_shown(url))
    name = match["scheme"].lower()
    port = int(match["port"] or _PORTS[name])
    if not 0 < port < 65536 or (match["ip6"] and not _is_ipv6(match["ip6"])):
        return Message.of("delivery.url-wrong", url=_shown(url))
    return Target(name, match["ip6"] or match["host"], port, match["path"] or "/")


def allowed(
    url: str,
    addresses: Iterable[Address],
    *,
    allow_loopback: bool = False,
    allow: Collection[Network] = (),
    ports: Collection[int] = (),
) -> Address | Message:
    """The first address that may be connected to, or why there is none.

    Args:
        addresses: all that the host name resolved to.
        allow: networks to which destinations are confined; empty for any.
        ports: the same for ports.
    """
    target = parse(url)
    if isinstance(target, Message):
        return target
    if ports and target.port not in ports:
        return Message.of("delivery.port-denied", url=url, port=target.port)
    refusal = Message.of("delivery.no-address", host=target.host)
    for address in addresses:
        why = _objection(address, allow_loopback, allow)
        if not why:
            return address
        refusal = Message.of(f"delivery.address-{why}", host=target.host, address=str(address))
    return refusal


def same_origin(url: str, other: str) -> bool:
    """Whether both lead to the same scheme, host and port."""
    one, two = parse(url), parse(other)
    if isinstance(one, Message) or isinstance(two, Message):
        return False
    return (one.scheme, one.host.lower(), one.port) == (two.scheme, two.host.lower(), two.port)


def masked(url: str) -> str:
    """The URL without what stands before an @ in its authority (SEC-72)."""
    return _CREDENTIALS.sub(r"\1***@", url)


def _objection(address: Address, allow_loopback: bool, allow: Collection[Network]) -> str:
    """Why an address may not be connected to: the end of a key of the catalogue; "" when it may."""
    for one in _meanings(address):
        if one.is_loopback:
            if not allow_loopback:
                return "loopback"
        elif _is_special(one):
            return "special"
        elif allow and not any(one in network for network in allow):
            return "outside"
    return ""


def _is_special(address: Address) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return True
    return isinstance(address, IPv4Address) and address in _THIS_NETWORK


def _meanings(address: Address) -> Iterator[Address]:
    """What the address stands for: itself, or the IPv4 addresses that an IPv6 one carries along."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    carries_v4 = address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)
    if carries_v4:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _shown(url: str) -> str:
    """A URL that is wrong, as one harmless short line."""
    return "".join(char if char.isprintable() else " " for char in masked(url)[:200])
