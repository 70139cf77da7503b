"""What the standard Linux providers leave out (CIM-1)."""

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.host.board import Controller
from openesm.host.calls import Uname
from openesm.host.cpu import Cpu
from openesm.host.identity import AddressSource
from openesm.host.smbios import CHASSIS_TYPES, Firmware
from openesm.model import AgentState

INSTANCE_ID = "ESM:General"
AGENT_NAME = "OpenESM"
_BIOS_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{2}|\d{4})\Z")


@dataclass(frozen=True, slots=True)
class General:
    system_name: str
    firmware: Firmware
    os_name: str | None
    os_version: str | None
    uname: Uname
    boot_time: datetime | None
    now: datetime
    time_zone: str | None
    agent: AgentState
    controller: Controller
    cpus: tuple[Cpu, ...]
    memory_kib: int | None
    address: str | None
    address_source: AddressSource


def read(host: Host) -> list[General]:
    release = host.os_release()
    address, source = host.agent_address()
    return [
        General(
            system_name=host.system_name,
            firmware=host.smbios(),
            os_name=release.get("PRETTY_NAME") or release.get("NAME"),
            os_version=release.get("VERSION_ID") or release.get("VERSION"),
            uname=host.uname(),
            boot_time=host.boot_time,
            now=host.local_time(),
            time_zone=host.time_zone(),
            agent=host.agent(),
            controller=host.management_controller(),
            cpus=tuple(cpu for cpu in host.cpus() if cpu.online),
            memory_kib=host.meminfo().total,
            address=address,
            address_source=source,
        )
    ]


def instance(general: General) -> Row:
    firmware = general.firmware
    return {
        "InstanceID": INSTANCE_ID,
        "ElementName": general.system_name,
        "Caption": general.system_name,
        "ServerName": general.system_name,
        "GUID": firmware.guid,
        "GUIDRaw": firmware.guid_raw,
        "Manufacturer": firmware.manufacturer,
        "Model": firmware.product,
        "SerialNumber": firmware.serial_number or firmware.chassis_serial_number,
        "SKUNumber": firmware.sku,
        "AssetTag": firmware.chassis_asset_tag,
        "ChassisType": CHASSIS_TYPES.get(firmware.chassis_type or 0),
        "BIOSVendor": firmware.bios_vendor,
        "BIOSVersion": firmware.bios_version,
        "BIOSReleaseDate": bios_date(firmware.bios_date),
        "OSName": general.os_name,
        "OSVersion": general.os_version,
        "KernelVersion": general.uname.release or None,
        "Architecture": general.uname.machine or None,
        "BootTime": general.boot_time,
        "LocalDateTime": general.now,
        "TimeZone": general.time_zone,
        "AgentName": AGENT_NAME,
        "AgentVersion": general.agent.version,
        "AgentMode": int(general.agent.service_mode),
        "ManagementControllerType": int(general.controller.kind),
        "ManagementControllerVersion": general.controller.version,
        "ManagementControllerAddress": None,
        "NumberOfProcessorPackages": _different(cpu.package for cpu in general.cpus),
        "NumberOfCores": _different(cpu.place for cpu in general.cpus),
        "NumberOfLogicalProcessors": len(general.cpus) or None,
        "TotalPhysicalMemory": general.memory_kib,
        "AgentAddress": general.address,
        "AgentAddressSource": int(general.address_source),
    }


def _different(places: Iterable[Hashable | None]) -> int | None:
    """How many different places; None when one is unknown, or there is none."""
    found = set(places)
    return None if None in found else len(found) or None


def bios_date(text: str | None) -> datetime | None:
    """`mm/dd/yyyy`, or `mm/dd/yy` of 19yy (DSP0134 7.1)."""
    match = _BIOS_DATE.match(text or "")
    if match is None:
        return None
    year = int(match[3]) if len(match[3]) == 4 else 1900 + int(match[3])
    try:
        return datetime(year, int(match[1]), int(match[2]), tzinfo=UTC)
    except ValueError:
        return None


PROVIDER = Provider(
    classname="ESM_GeneralInformation",
    read=read,
    instance=instance,
    element=lambda _: INSTANCE_ID,
)
