"""What `smartctl -j -a` reports of a disk."""

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from openesm.host.tree import LARGEST_NUMBER, label

_REALLOCATED, _PENDING = 5, 197


class SmartState(IntEnum):
    """ESM_StorageThread.SmartState."""

    UNKNOWN = 0
    PASSED = 1
    FAILING = 2
    NOT_SUPPORTED = 3


@dataclass(frozen=True, slots=True)
class Smart:
    state: SmartState = SmartState.UNKNOWN
    temperature: int | None = None  # °C
    reallocated: int | None = None
    pending: int | None = None
    endurance_used: int | None = None  # percent; may go beyond 100
    power_on_hours: int | None = None
    rpm: int | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware: str | None = None


def parse_smart(report: bytes | None) -> Smart:
    """A report that is no JSON object gives a Smart that knows nothing."""
    try:
        found: Any = json.loads(report or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Smart()
    raw = {
        attribute["id"]: _at(attribute, "raw", "value")
        for attribute in _list(_at(found, "ata_smart_attributes", "table"))
        if isinstance(attribute, dict) and isinstance(attribute.get("id"), int)
    }
    return Smart(
        state=_state(found),
        temperature=_whole(_at(found, "temperature", "current"), -273, 1000),
        reallocated=_whole(raw.get(_REALLOCATED, found.get("scsi_grown_defect_list"))),
        pending=_whole(raw.get(_PENDING)),
        endurance_used=_endurance(found),
        power_on_hours=_whole(_at(found, "power_on_time", "hours")),
        rpm=_whole(found.get("rotation_rate"), 0, 2**32 - 2),
        model=_name(found, "model_name", "scsi_model_name"),
        serial_number=_name(found, "serial_number"),
        firmware=_name(found, "firmware_version", "scsi_revision"),
    )


def _endurance(found: dict[str, Any]) -> int | None:
    """NVMe and SAS report it themselves; newer smartctl tells it in one place for all."""
    places = (
        _at(found, "endurance_used", "current_percent"),
        _at(found, "nvme_smart_health_information_log", "percentage_used"),
        found.get("scsi_percentage_used_endurance_indicator"),
    )
    return next((_whole(place, 0, 255) for place in places if place is not None), None)


def _state(found: dict[str, Any]) -> SmartState:
    passed = _at(found, "smart_status", "passed")
    if passed is True:
        return SmartState.PASSED
    if passed is False:
        return SmartState.FAILING
    return (
        SmartState.NOT_SUPPORTED if _at(found, "smart_support", "available") is False else SmartState.UNKNOWN
    )


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any, low: int = 0, high: int = LARGEST_NUMBER) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def _name(found: dict[str, Any], *names: str) -> str | None:
    texts = (found.get(name) for name in names)
    return next((label(text) for text in texts if isinstance(text, str)), None)
