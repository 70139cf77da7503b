"""Physical memory and swap together (CIM-7, CAU-20)."""

from dataclasses import dataclass
from datetime import datetime

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.memory import Memory, percent

DEVICE_ID = "VirtualMemory"


@dataclass(frozen=True, slots=True)
class VirtualMemory:
    memory: Memory
    boot_time: datetime | None


def read(host: Host) -> list[VirtualMemory]:
    return [VirtualMemory(host.meminfo(), host.boot_time)]


def instance(element: VirtualMemory) -> Row:
    memory = element.memory
    return {
        "DeviceID": DEVICE_ID,
        "Name": DEVICE_ID,
        "ElementName": DEVICE_ID,
        "Caption": DEVICE_ID,
        "OperationalStatus": [2],
        "HealthState": 5,
        "EnabledState": 2,
        "InstallDate": None,
        "TimeOfLastStateChange": element.boot_time,
        "Access": 3,
        "BlockSize": 1024,
        "NumberOfBlocks": memory.virtual_total,
        "ConsumableBlocks": memory.virtual_free,
        "Volatile": True,
        "TotalSize": memory.virtual_total,
        "UsedSize": memory.virtual_used,
        "FreeSize": memory.virtual_free,
        "CommittedSize": memory.committed,
        "CommitLimit": memory.commit_limit,
        "UsedPercentage": used_percentage(element),
    }


def used_percentage(element: VirtualMemory) -> int | None:
    return percent(element.memory.virtual_used, element.memory.virtual_total)


PROVIDER = Provider(
    classname="ESM_VirtualMemory",
    read=read,
    instance=instance,
    element=lambda _: DEVICE_ID,
    metrics=(Metric("virtual_memory.used_percent", used_percentage),),
)
