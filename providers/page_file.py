"""Swap areas, and all of them together as `_Total` (CIM-8, CAU-20)."""

from dataclasses import dataclass

from openesm.cim.provider import Metric, Provider, Row
from openesm.host import Host
from openesm.host.memory import Swap, difference, percent

TOTAL = "_Total"


@dataclass(frozen=True, slots=True)
class PageFile:
    """Sizes in KiB; `swap` is None in the total, which is there without any swap area too."""

    device_id: str
    swap: Swap | None
    total: int | None
    used: int | None
    free: int | None


def read(host: Host) -> list[PageFile]:
    memory = host.meminfo()
    areas = [
        PageFile(swap.path, swap, swap.size, swap.used, difference(swap.size, swap.used))
        for swap in host.swaps()
    ]
    return [*areas, PageFile(TOTAL, None, memory.swap_total, memory.swap_used, memory.swap_free)]


def instance(page_file: PageFile) -> Row:
    swap = page_file.swap
    return {
        "DeviceID": page_file.device_id,
        "Name": page_file.device_id,
        "ElementName": page_file.device_id,
        "Caption": page_file.device_id,
        "OperationalStatus": [2],
        "HealthState": 5,
        "EnabledState": 2,
        "InstallDate": None,
        "TimeOfLastStateChange": None,
        "Access": 3,
        "BlockSize": 1024,
        "NumberOfBlocks": page_file.total,
        "ConsumableBlocks": page_file.free,
        "IsTotal": swap is None,
        "SwapPath": swap.path if swap else None,
        "SwapType": swap.kind if swap else None,
        "SwapPriority": swap.priority if swap else None,
        "TotalSize": page_file.total,
        "UsedSize": page_file.used,
        "FreeSize": page_file.free,
        "UsedPercentage": used_percentage(page_file),
    }


def used_percentage(page_file: PageFile) -> int | None:
    """0 where there is no swap."""
    return percent(page_file.used, page_file.total)


PROVIDER = Provider(
    classname="ESM_PageFile",
    read=read,
    instance=instance,
    element=lambda page_file: page_file.device_id,
    metrics=(Metric("page_file.used_percent", used_percentage),),
)
