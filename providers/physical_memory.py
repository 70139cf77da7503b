"""System memory as a whole (CIM-6). Used = MemTotal - MemFree, with caches in it (CAU-20)."""

from dataclasses import dataclass
from datetime import datetime

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.memory import Memory, difference, percent

DEVICE_ID = "PhysicalMemory"


@dataclass(frozen=True, slots=True)
class PhysicalMemory:
    memory: Memory
    boot_time: datetime | None


def read(host: Host) -> list[PhysicalMemory]:
    return [PhysicalMemory(host.meminfo(), host.boot_time)]


def instance(element: PhysicalMemory) -> Row:
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
        "NumberOfBlocks": memory.total,
        "ConsumableBlocks": memory.free,
        "Volatile": True,
        "TotalSize": memory.total,
        "UsedSize": memory.used,
        "FreeSize": memory.free,
        "AvailableSize": memory.available,
        "Buffers": memory.buffers,
        "Cached": memory.cached,
        "UsedPercentage": used_percentage(element),
        "PressurePercentage": pressure_percentage(element),
    }


def used_percentage(element: PhysicalMemory) -> int | None:
    return percent(element.memory.used, element.memory.total)


def pressure_percentage(element: PhysicalMemory) -> int | None:
    """(MemTotal - MemAvailable) / MemTotal: what programs hold, without caches."""
    memory = element.memory
    return percent(difference(memory.total, memory.available), memory.total)


PROVIDER = Provider(
    classname="ESM_PhysicalMemory",
    read=read,
    instance=instance,
    element=lambda _: DEVICE_ID,
    metrics=(
        Metric("physical_memory.used_percent", used_percentage),
        Metric("physical_memory.pressure_percent", pressure_percentage),
    ),
)
