"""The machine itself, to which the devices and file systems belong."""

from dataclasses import dataclass

from openesm.cim.provider import Provider, Row
from openesm.host import Host


@dataclass(frozen=True, slots=True)
class System:
    name: str
    guid: str | None


def read(host: Host) -> list[System]:
    return [System(host.system_name, host.smbios().guid)]


def instance(system: System) -> Row:
    return {
        "Name": system.name,
        "NameFormat": "Other",
        "ElementName": system.name,
        "Caption": system.name,
        "Dedicated": [0],  # Not Dedicated
        "OtherIdentifyingInfo": [system.guid] if system.guid else None,
        "IdentifyingDescriptions": ["CIM:GUID"] if system.guid else None,
        "EnabledState": 2,
        "OperationalStatus": [2],
        "HealthState": 5,
    }


PROVIDER = Provider(
    classname="CIM_ComputerSystem",
    read=read,
    instance=instance,
    element=lambda system: system.name,
)
