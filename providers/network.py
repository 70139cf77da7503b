"""Network interfaces of every kind, however many there are (CIM-3, CAU-2)."""

from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.host.network import Interface
from openesm.host.tree import printable

_UP = 0x1  # IFF_UP
_MBIT = 1_000_000
# CIM_NetworkPort.LinkTechnology by ARPHRD_* number
_LINK_TECHNOLOGY = {
    1: 2,  # Ethernet
    19: 6,  # ATM
    32: 3,  # InfiniBand
    770: 8,  # Frame Relay
    774: 5,  # FDDI
    783: 9,  # Infrared
    784: 4,  # Fibre Channel
    800: 7,  # Token Ring
    801: 11,
    802: 11,
    803: 11,
}
_OTHER, _WIRELESS = 1, 11
# CIM_ManagedSystemElement.OperationalStatus by the operational state of RFC 2863
_OPERATIONAL_STATUS = {
    "up": 2,  # OK
    "unknown": 2,  # the driver does not say; it carries traffic
    "dormant": 15,  # Dormant
    "testing": 11,  # In Service
    "lowerlayerdown": 16,  # Supporting Entity in Error
    "down": 10,  # Stopped
    "notpresent": 12,  # No Contact
}


def read(host: Host) -> list[Interface]:
    return host.interfaces()


def instance(interface: Interface) -> Row:
    link = interface.link
    count = dict(link.statistics)
    name = printable(link.name)
    technology = _technology(interface)
    return {
        "DeviceID": name,
        "Name": name,
        "ElementName": name,
        "Caption": name,
        "OperationalStatus": [_OPERATIONAL_STATUS.get(link.operstate or "", 0)],
        "HealthState": 0 if link.operstate == "notpresent" else 5,
        "EnabledState": _enabled_state(interface),
        "InstallDate": None,
        "TimeOfLastStateChange": None,
        "PortType": 0 if interface.pci_address else 2,  # Unknown; Not Applicable
        "LinkTechnology": technology,
        "OtherLinkTechnology": interface.kind if technology == _OTHER else None,
        "PermanentAddress": _digits(interface.permanent_address),
        "NetworkAddresses": [_digits(link.address)] if link.address else None,
        "Speed": _bits(interface.speed),
        "MaxSpeed": _bits(interface.fastest),
        "FullDuplex": interface.full_duplex,
        "ActiveMaximumTransmissionUnit": link.mtu,
        "InterfaceIndex": link.index,
        "InterfaceType": interface.kind,
        "OperationalState": link.operstate,
        "LinkDetected": link.carrier,
        "Driver": interface.driver,
        "PCIAddress": interface.pci_address,
        "MasterInterface": interface.master,
        "IPv4Address": list(interface.ipv4),
        "IPv6Address": list(interface.ipv6),
        "DefaultGateway": interface.gateway,
        "BytesReceived": count.get("rx_bytes"),
        "BytesTransmitted": count.get("tx_bytes"),
        "PacketsReceived": count.get("rx_packets"),
        "PacketsTransmitted": count.get("tx_packets"),
        "ReceiveErrors": count.get("rx_errors"),
        "TransmitErrors": count.get("tx_errors"),
        "ReceiveDropped": count.get("rx_dropped"),
        "TransmitDropped": count.get("tx_dropped"),
        "Collisions": count.get("collisions"),
    }


def _technology(interface: Interface) -> int:
    if interface.kind == "wlan":
        return _WIRELESS
    hardware = interface.link.hardware
    return 0 if hardware is None else _LINK_TECHNOLOGY.get(hardware, _OTHER)


def _enabled_state(interface: Interface) -> int:
    """Enabled; Enabled but Offline without a carrier; Disabled; 0 where the kernel does not tell."""
    flags = interface.link.flags
    if flags is None:
        return 0
    if not flags & _UP:
        return 3
    return 6 if interface.link.carrier is False else 2


def _digits(address: bytes | None) -> str | None:
    """Hexadecimal digits without separators, as DMTF asks."""
    return address.hex().upper() if address else None


def _bits(mbit: int | None) -> int | None:
    return None if mbit is None else mbit * _MBIT


PROVIDER = Provider(
    classname="ESM_Network",
    read=read,
    instance=instance,
    element=lambda interface: printable(interface.name),
    may_block=True,
)
