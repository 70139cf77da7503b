"""Who the machine is: names, operating system, time zone, the address that traps carry."""

from collections.abc import Iterator
from enum import IntEnum

from openesm.host.tree import Tree, label


class AddressSource(IntEnum):
    """ESM_GeneralInformation.AgentAddressSource."""

    UNKNOWN = 0
    HOST_NAME = 1
    SOCKET = 2


def read_os_release(tree: Tree) -> dict[str, str]:
    """The variables of os-release(5)."""
    text = tree.text("etc/os-release") or tree.text("usr/lib/os-release") or ""
    pairs = (line.strip().partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {name: _unquote(value.strip()) for name, equals, value in pairs if equals}


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    for escaped in '"$`\\':
        value = value.replace(f"\\{escaped}", escaped)
    return label(value) or ""


def parse_hosts(text: str | None) -> Iterator[tuple[str, list[str]]]:
    """(address, names) of each line of hosts(5)."""
    for line in (text or "").splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2:
            yield words[0], words[1:]


def fqdn(nodename: str, hosts: str | None) -> str:
    """The full name of the machine: the host name where it has a dot, else its full alias in /etc/hosts.

    No resolver is asked: a name server that is down must not hold the agent up, nor change its keys.
    """
    if "." in nodename or not nodename:
        return nodename or "localhost"
    aliases = (name for _, names in parse_hosts(hosts) for name in names)
    return next((name for name in aliases if name.lower().startswith(f"{nodename.lower()}.")), nodename)


def named_address(nodename: str, hosts: str | None) -> str | None:
    """The first IPv4 address that /etc/hosts gives the host name, in the order of the file (FAQ-18).

    Not `socket.gethostbyname`: that sorts the addresses, and it would ask name servers.
    """
    for address, names in parse_hosts(hosts):
        if nodename.lower() in (name.lower() for name in names) and address.count(".") == 3:
            return address
    return None


def choose_agent_address(
    named: str | None, source: str | None, fixed: str = ""
) -> tuple[str | None, AddressSource]:
    """FAQ-18: the address of the host name; where there is none or it is a loopback one, that of the socket.

    Args:
        named: what /etc/hosts says.
        source: the source address towards the destination.
        fixed: an address that the administrator set; it wins.
    """
    if fixed:
        return fixed, AddressSource.UNKNOWN
    if named is not None and not named.startswith("127."):
        return named, AddressSource.HOST_NAME
    if source:
        return source, AddressSource.SOCKET
    return None, AddressSource.UNKNOWN


def read_time_zone(tree: Tree) -> str | None:
    """The name of the zone (`Asia/Tokyo`), from where /etc/localtime points or from /etc/timezone."""
    _, marker, zone = (tree.link("etc/localtime") or "").partition("zoneinfo/")
    return label(zone) if marker else tree.label("etc/timezone")
