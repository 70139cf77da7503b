"""Settings of the watch: what is shipped, what a client may change, and that nothing is half changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications.threshold import Threshold, Watch, step
from indications.thresholds import (
    CLASSES,
    Monitoring,
    changed,
    defaults,
    from_json,
    properties,
    rules,
    to_json,
)
from indications.wrong import InputError
from openesm.cim.schema import Schema
from openesm.cim.values import INTEGER_RANGE
from openesm.host.smart import SmartState
from openesm.model import State

U, N, W, C = State


def shipped(classname: str, element: str = "_Total") -> Monitoring:
    found = defaults(classname, element)
    assert found is not None
    return found


CPU, MEMORY, DISK = shipped("ESM_Processor"), shipped("ESM_PhysicalMemory"), shipped("ESM_StorageThread")
SPACE = shipped("ESM_FileSystemThread")


@pytest.mark.parametrize(
    ("classname", "enabled", "interval_s", "limits", "hold"),
    [
        ("ESM_Processor", False, 10, (95, 92, 99, 96), 3),
        ("ESM_PhysicalMemory", False, 60, (95, 90, 99, 95), 1),
        ("ESM_VirtualMemory", False, 60, (90, 85, 95, 90), 1),
        ("ESM_PageFile", True, 60, (80, 70, 95, 85), 1),
        ("ESM_FileSystemThread", True, 60, (10, 12, 1, 2), 1),
    ],
)
def test_shipped(
    classname: str, enabled: bool, interval_s: int, limits: tuple[int, int, int, int], hold: int
) -> None:
    found = shipped(classname)
    assert (found.enabled, found.interval_s) == (enabled, interval_s)
    assert found.threshold == Threshold(*limits, classname == "ESM_FileSystemThread", hold)


def test_disks_are_watched_by_fixed_rules() -> None:
    assert properties(DISK) == {"MonitoringEnabled": True, "MonitoringInterval": 300}


@pytest.mark.parametrize(
    ("classname", "element", "enabled"),
    [
        ("ESM_Processor", "_Total", False),
        ("ESM_Processor", "cpu3", False),
        ("ESM_PageFile", "_Total", True),
        ("ESM_PageFile", "/swapfile", False),
        ("ESM_FileSystemThread", "1234:/", True),
    ],
)
def test_what_is_watched_at_install(classname: str, element: str, enabled: bool) -> None:
    assert shipped(classname, element).enabled is enabled


@pytest.mark.parametrize("classname", ["ESM_Network", "ESM_Alive", ""])
def test_other_classes_are_not_watched(classname: str) -> None:
    assert defaults(classname, "_Total") is None


@pytest.mark.parametrize("classname", CLASSES)
def test_all_limits_that_are_judged_are_in_order(classname: str) -> None:
    found = rules(classname, shipped(classname))
    assert found
    assert all(rule.threshold.is_consistent for rule in found)


@pytest.mark.parametrize(
    ("classname", "change", "metric"),
    [
        ("ESM_Processor", {}, "cpu.load_percent"),
        ("ESM_PhysicalMemory", {}, "physical_memory.pressure_percent"),
        ("ESM_PhysicalMemory", {"WatchedValue": 0}, "physical_memory.used_percent"),
        ("ESM_VirtualMemory", {}, "virtual_memory.used_percent"),
        ("ESM_PageFile", {}, "page_file.used_percent"),
        ("ESM_FileSystemThread", {}, "file_system.free_percent"),
        (
            "ESM_FileSystemThread",
            {
                "ThresholdUnit": 1,
                "WarningThreshold": 5000,
                "WarningClearThreshold": 6000,
                "CriticalThreshold": 100,
                "CriticalClearThreshold": 200,
            },
            "file_system.free_mb",
        ),
    ],
)
def test_what_is_judged(classname: str, change: dict[str, object], metric: str) -> None:
    after = changed(shipped(classname), change)
    first = rules(classname, after)[0]
    assert (first.metric, first.threshold) == (metric, after.threshold)


def test_inodes_are_judged_in_percent_whatever_the_unit_of_space() -> None:
    megabytes = Monitoring(True, 60, Threshold(5000, 6000, 100, 200, low_is_bad=True), threshold_unit=1)
    assert rules("ESM_FileSystemThread", megabytes)[1:] == rules("ESM_FileSystemThread", SPACE)[1:]


@pytest.mark.parametrize(
    ("metric", "readings", "states"),
    [
        pytest.param(
            "disk.smart_state",
            [None, SmartState.PASSED, SmartState.FAILING, SmartState.PASSED, SmartState.NOT_SUPPORTED],
            [U, N, C, N, N],
            id="SMART",
        ),
        pytest.param("disk.pending_sectors", [0, 1, 999, 0], [N, W, W, N], id="pending sectors"),
        pytest.param("disk.temperature_celsius", [40, 65, 61, 60, 59], [N, W, W, W, N], id="temperature"),
        pytest.param("disk.io_errors", [0, 1, 0], [N, C, N], id="I/O errors since the reading before"),
    ],
)
def test_disks(metric: str, readings: list[float | None], states: list[State]) -> None:
    (rule,) = (rule for rule in rules("ESM_StorageThread", DISK) if rule.metric == metric)
    watch, found = Watch(), []
    for value in readings:
        watch = step(rule.threshold, watch, rule.reading(value))
        found.append(watch.state)
    assert found == states
    assert rule.is_counter == (metric == "disk.io_errors")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(CPU, {"MonitoringEnabled": True}, {"MonitoringEnabled": True}, id="on"),
        pytest.param(CPU, {"monitoringinterval": 3600}, {"MonitoringInterval": 3600}, id="any case"),
        pytest.param(
            CPU,
            {"WarningThreshold": 80, "WarningClearThreshold": 70},
            {"WarningThreshold": 80, "WarningClearThreshold": 70},
            id="some limits",
        ),
        pytest.param(MEMORY, {"WatchedValue": 0}, {"WatchedValue": 0}, id="watched value"),
        pytest.param(SPACE, {"ThresholdUnit": 0}, {}, id="same unit"),
        pytest.param(DISK, {"MonitoringEnabled": False}, {"MonitoringEnabled": False}, id="disk"),
        pytest.param(CPU, {}, {}, id="nothing"),
    ],
)
def test_changes(before: Monitoring, change: dict[str, object], after: dict[str, object]) -> None:
    assert properties(changed(before, change)) == {**properties(before), **after}


def test_a_change_keeps_what_no_property_shows() -> None:
    after = changed(CPU, {"WarningThreshold": 96})
    assert after.threshold is not None
    assert after.threshold.hold == 3


@pytest.mark.parametrize(
    ("before", "change", "says"),
    [
        pytest.param(CPU, {"MonitorState": 1}, "MonitorState", id="not settable"),
        pytest.param(CPU, {"WatchedValue": 1}, "WatchedValue", id="not of the class"),
        pytest.param(DISK, {"WarningThreshold": 1}, "WarningThreshold", id="disks have no limits"),
        pytest.param(CPU, {"MonitoringInterval": 0}, "1 to 3600", id="no interval"),
        pytest.param(CPU, {"MonitoringInterval": 3601}, "1 to 3600", id="too long"),
        pytest.param(CPU, {"CriticalThreshold": 101}, "0 to 100", id="over 100 percent"),
        pytest.param(SPACE, {"WarningClearThreshold": 101}, "0 to 100", id="over 100 percent free"),
        pytest.param(MEMORY, {"WatchedValue": 2}, "0 to 1", id="unknown watched value"),
        pytest.param(SPACE, {"ThresholdUnit": 2}, "0 to 1", id="unknown unit"),
        pytest.param(SPACE, {"ThresholdUnit": 1}, "all four limits", id="unit without limits"),
        pytest.param(CPU, {"MonitoringEnabled": 1}, "MonitoringEnabled", id="number for boolean"),
        pytest.param(CPU, {"WarningThreshold": True}, "WarningThreshold", id="boolean for number"),
        pytest.param(CPU, {"WarningThreshold": "90"}, "'?90'?", id="text"),
        pytest.param(CPU, {"WarningThreshold": 90.5}, "90.5", id="fraction"),
        pytest.param(CPU, {"WarningThreshold": None}, "NULL", id="NULL"),
        pytest.param(CPU, {"WarningThreshold": 99}, "order", id="warning at critical"),
        pytest.param(CPU, {"WarningClearThreshold": 96}, "order", id="clear above warning"),
        pytest.param(CPU, {"WarningClearThreshold": 0}, "order", id="clear at 0"),
        pytest.param(CPU, {"CriticalClearThreshold": 94}, "order", id="critical clears below warning"),
        pytest.param(SPACE, {"CriticalThreshold": 10}, "order", id="free: critical at warning"),
        pytest.param(SPACE, {"WarningClearThreshold": 9}, "order", id="free: clear below warning"),
        pytest.param(
            CPU, {"MonitoringEnabled": True, "CriticalThreshold": 5}, "order", id="one good, one wrong"
        ),
    ],
)
def test_refused_whole(before: Monitoring, change: dict[str, object], says: str) -> None:
    kept = to_json(before)
    with pytest.raises(InputError, match=says) as refused:
        changed(before, change)
    assert refused.value.message.text("ja") != str(refused.value)
    assert to_json(before) == kept


@pytest.mark.parametrize("classname", CLASSES)
def test_properties_are_those_that_the_class_lets_a_client_set(classname: str, schema: Schema) -> None:
    found = schema.namespaces["root/esmpro/as"].get(classname)
    assert found is not None
    types = {prop.name: prop.type for prop in found.properties.values() if prop.class_origin == classname}
    writable = {name for name in types if found.properties[name.lower()].is_writable}
    row = properties(shipped(classname))
    assert set(row) == writable
    for name, value in row.items():
        fits = value is True or value is False if types[name] == "boolean" else False
        low, high = INTEGER_RANGE.get(types[name], (1, 0))
        assert fits or (isinstance(value, int) and low <= value <= high), name


@pytest.mark.parametrize("classname", CLASSES)
def test_reading_the_settings_and_writing_them_back_changes_nothing(classname: str) -> None:
    found = shipped(classname)
    assert changed(found, properties(found)) == found


@given(
    st.sampled_from([CPU, MEMORY, SPACE, DISK]),
    st.fixed_dictionaries(
        {},
        optional={
            "MonitoringEnabled": st.booleans(),
            "MonitoringInterval": st.integers(-1, 4000),
            "WarningThreshold": st.integers(-1, 102),
            "WarningClearThreshold": st.integers(-1, 102),
            "CriticalThreshold": st.integers(-1, 102),
            "CriticalClearThreshold": st.integers(-1, 102),
            "ThresholdUnit": st.integers(-1, 2),
        },
    ),
)
def test_what_is_taken_is_consistent_and_shows_what_was_asked(
    before: Monitoring, change: dict[str, int]
) -> None:
    try:
        after = changed(before, change)
    except InputError:
        return
    assert properties(after) == {**properties(before), **change}
    assert after.threshold is None or after.threshold.is_consistent
    assert from_json(to_json(after)) == after


@pytest.mark.parametrize("monitoring", [CPU, MEMORY, SPACE, DISK], ids=["CPU", "memory", "space", "disk"])
def test_json_gives_back_the_same(monitoring: Monitoring) -> None:
    assert repr(from_json(to_json(monitoring))) == repr(monitoring)


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"version": None}, {"surplus": 1}, {"threshold": {"warning": 1}}, {"threshold": [1]}],
)
def test_other_json_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="monitoring settings"):
        from_json(json.dumps({**json.loads(to_json(CPU)), **change}))
