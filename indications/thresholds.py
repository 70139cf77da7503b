"""How an element is watched: the shipped settings by class, what a client may change, and what is judged.

Settings that a client changed stand in the store as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from indications.threshold import Threshold
from indications.wrong import InputError
from openesm.cim.provider import Row

VERSION = 1  # of settings as JSON
INTERVAL = (1, 3600)  # seconds
USED, WITHOUT_CACHES = 0, 1  # ESM_PhysicalMemory.WatchedValue
PERCENT_FREE, MEGABYTES_FREE = 0, 1  # ESM_FileSystemThread.ThresholdUnit
TOTAL = "_Total"
_MOST = 2**64 - 1  # uint64, as MB
_LIMITS = {
    "WarningThreshold": "warning",
    "WarningClearThreshold": "warning_clear",
    "CriticalThreshold": "critical",
    "CriticalClearThreshold": "critical_clear",
}


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How one element is watched.

    Attributes:
        threshold: None for disks, whose rules are fixed.
        watched_value: of physical memory, `USED` or `WITHOUT_CACHES`.
        threshold_unit: of a file system, `PERCENT_FREE` or `MEGABYTES_FREE`.
    """

    enabled: bool
    interval_s: int
    threshold: Threshold | None = None
    watched_value: int | None = None
    threshold_unit: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is judged of an element: a metric, by limits.

    Attributes:
        reading: from the metric's value to the value that is judged.
        is_counter: what it rose by since the reading before is judged, not the count itself.
    """

    metric: str
    threshold: Threshold
    reading: Callable[[float | None], float | None] = lambda value: value
    is_counter: bool = False


_NEVER = float("inf")
_INODES = Threshold(10, 12, 1, 2, low_is_bad=True)  # percent free
_SMART_FAILING = 2  # ESM_StorageThread.SmartState


def _failing(smart_state: float | None) -> float | None:
    return None if smart_state is None else float(smart_state == _SMART_FAILING)


_YES = Threshold(0.5, 0.5, 1, 1)  # 0 is well, 1 or more critical
_DISK_RULES = (
    Rule("disk.smart_state", _YES, reading=_failing),
    Rule("disk.io_errors", _YES, is_counter=True),
    Rule("disk.pending_sectors", Threshold(1, 1, _NEVER, _NEVER)),
    Rule("disk.temperature_celsius", Threshold(65, 60, _NEVER, _NEVER)),
)

_SHIPPED: Mapping[str, Monitoring] = {
    "ESM_Processor": Monitoring(False, 10, Threshold(95, 92, 99, 96, hold=3)),
    "ESM_PhysicalMemory": Monitoring(False, 60, Threshold(95, 90, 99, 95), watched_value=WITHOUT_CACHES),
    "ESM_VirtualMemory": Monitoring(False, 60, Threshold(90, 85, 95, 90)),
    "ESM_PageFile": Monitoring(True, 60, Threshold(80, 70, 95, 85)),
    "ESM_FileSystemThread": Monitoring(
        True, 60, Threshold(10, 12, 1, 2, low_is_bad=True), threshold_unit=PERCENT_FREE
    ),
    "ESM_StorageThread": Monitoring(True, 300),
}
CLASSES = tuple(_SHIPPED)


def defaults(classname: str, element: str) -> Monitoring | None:
    """The shipped settings of an element by its stable id; None for a class that is not watched.

    Of the page files only all together are watched: one that is full does no harm while others have room.
    """
    shipped = _SHIPPED.get(classname)
    if shipped is not None and classname == "ESM_PageFile" and element != TOTAL:
        return replace(shipped, enabled=False)
    return shipped


def rules(classname: str, monitoring: Monitoring) -> tuple[Rule, ...]:
    """What is judged of an element of the class."""
    limits = monitoring.threshold
    if limits is None:
        return _DISK_RULES if classname == "ESM_StorageThread" else ()
    if classname == "ESM_FileSystemThread":
        return Rule(_metric(classname, monitoring), limits), Rule("file_system.free_inodes_percent", _INODES)
    return (Rule(_metric(classname, monitoring), limits),)


def _metric(classname: str, monitoring: Monitoring) -> str:
    if classname == "ESM_PhysicalMemory":
        return (
            f"physical_memory.{'pressure' if monitoring.watched_value == WITHOUT_CACHES else 'used'}_percent"
        )
    if classname == "ESM_FileSystemThread":
        return f"file_system.free_{'mb' if monitoring.threshold_unit == MEGABYTES_FREE else 'percent'}"
    return _METRICS[classname]


_METRICS = {
    "ESM_Processor": "cpu.load_percent",
    "ESM_VirtualMemory": "virtual_memory.used_percent",
    "ESM_PageFile": "page_file.used_percent",
}


def changed(monitoring: Monitoring, wanted: Mapping[str, object]) -> Monitoring:
    """The settings with some CIM properties (by name in any case) changed; all or nothing.

    Raises:
        InputError: a property that the element does not have, a value of another type or out of range, limits
            out of order, or another unit without limits in it.
    """
    known = {name.lower(): name for name in properties(monitoring)}
    given: dict[str, int] = {}
    for name, value in wanted.items():
        if name.lower() not in known:
            raise InputError("monitoring-property", name=name)
        given[known[name.lower()]] = _checked(known[name.lower()], value, monitoring)
    after = _with_limits(monitoring, given)
    _check_whole(monitoring, after, given)
    return after


def _checked(name: str, value: object, monitoring: Monitoring) -> int:
    if isinstance(value, bool) is not (name == "MonitoringEnabled") or not isinstance(value, int):
        raise InputError("monitoring-type", name=name, value="NULL" if value is None else value)
    low, high = _range(name, monitoring)
    if not low <= value <= high:
        raise InputError("monitoring-range", name=name, value=value, low=low, high=high)
    return value


def _range(name: str, monitoring: Monitoring) -> tuple[int, int]:
    """Limits of a file system are percentages or MB; `_check_whole` judges them with the unit."""
    if name == "MonitoringInterval":
        return INTERVAL
    if name in _LIMITS:
        return (0, 100) if monitoring.threshold_unit is None else (0, _MOST)
    return (0, 1)


def _with_limits(monitoring: Monitoring, given: Mapping[str, int]) -> Monitoring:
    limits: dict[str, Any] = {field: given[name] for name, field in _LIMITS.items() if name in given}
    return Monitoring(
        enabled=bool(given.get("MonitoringEnabled", monitoring.enabled)),
        interval_s=given.get("MonitoringInterval", monitoring.interval_s),
        threshold=replace(monitoring.threshold, **limits) if monitoring.threshold else None,
        watched_value=given.get("WatchedValue", monitoring.watched_value),
        threshold_unit=given.get("ThresholdUnit", monitoring.threshold_unit),
    )


def _check_whole(before: Monitoring, after: Monitoring, given: Mapping[str, int]) -> None:
    limits = after.threshold
    if limits is None:
        return
    if after.threshold_unit != before.threshold_unit and not given.keys() >= _LIMITS.keys():
        raise InputError("monitoring-unit")
    if after.threshold_unit == PERCENT_FREE:
        for name, field in _LIMITS.items():
            if (value := getattr(limits, field)) > 100:
                raise InputError("monitoring-range", name=name, value=value, low=0, high=100)
    if not limits.is_consistent:
        raise InputError("monitoring-order-low" if limits.low_is_bad else "monitoring-order-high")


def properties(monitoring: Monitoring) -> Row:
    """The settings as CIM properties, those that the element's class has."""
    row: dict[str, bool | int] = {
        "MonitoringEnabled": monitoring.enabled,
        "MonitoringInterval": monitoring.interval_s,
    }
    if monitoring.threshold is not None:
        row |= {name: int(getattr(monitoring.threshold, field)) for name, field in _LIMITS.items()}
    if monitoring.watched_value is not None:
        row["WatchedValue"] = monitoring.watched_value
    if monitoring.threshold_unit is not None:
        row["ThresholdUnit"] = monitoring.threshold_unit
    return row


def to_json(monitoring: Monitoring) -> str:
    """The settings as they are kept; `from_json` gives back equal ones."""
    return json.dumps({"version": VERSION, **asdict(monitoring)}, separators=(",", ":"))


def from_json(text: str) -> Monitoring:
    """Reads what `to_json` wrote.

    Raises:
        ValueError: they are no settings, or of a newer version.
    """
    kept = json.loads(text)
    if not isinstance(kept, dict) or kept.pop("version", None) != VERSION:
        raise ValueError(f"not monitoring settings of version {VERSION}")
    try:
        threshold = kept.pop("threshold")
        return Monitoring(**kept, threshold=Threshold(**threshold) if threshold else None)
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"not monitoring settings: {wrong}") from wrong
