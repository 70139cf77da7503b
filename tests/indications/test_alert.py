"""From a change of state to the alert: who is told what."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications import events
from indications.alert import (
    METRICS,
    Occasion,
    agent_alert,
    alert_of,
    from_json,
    number,
    presence_alert,
    to_json,
)
from indications.events import Subject, What, remapped
from indications.thresholds import CLASSES, Monitoring, defaults, rules
from openesm.model import Alert, Sample, Severity, State, StateChange
from openesm.text import Message
from tests.indications.alerts import OCCASION, UUID, cpu

U, N, W, C = State


@pytest.mark.parametrize(
    ("metric", "changes", "ids"),
    [
        pytest.param(
            "cpu.load_percent",
            [(N, W), (W, C), (C, W), (W, N), (N, U)],
            [0x80000064, 0xC0000065, 0x80000066, 0x40000067, 0x80000068],
            id="CPU",
        ),
        pytest.param(
            "physical_memory.pressure_percent",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x80000070, 0xC0000071, 0x80000072, 0x40000073, 0x80000074],
            id="physical memory",
        ),
        pytest.param(
            "virtual_memory.used_percent",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x80000078, 0xC0000079, 0x8000007A, 0x4000007B, 0x8000007C],
            id="virtual memory",
        ),
        pytest.param(
            "page_file.used_percent",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x80000080, 0xC0000081, 0x80000082, 0x40000083, 0x80000084],
            id="page file",
        ),
        pytest.param(
            "file_system.free_mb",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x80000090, 0xC0000091, 0x80000092, 0x40000093, 0x80000094],
            id="file system",
        ),
        pytest.param(
            "file_system.free_inodes_percent",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x80000098, 0xC0000099, 0x8000009A, 0x4000009B, 0x80000094],
            id="inodes",
        ),
        pytest.param(
            "disk.pending_sectors",
            [(N, W), (N, C), (C, W), (C, N), (W, U)],
            [0x800000A0, 0xC00000A1, 0x800000A2, 0x400000A3, 0x800000A6],
            id="storage",
        ),
    ],
)
def test_one_event_a_change(metric: str, changes: list[tuple[State, State]], ids: list[int]) -> None:
    told = [
        alert_of(StateChange(Sample("X", "e", metric, None if after is U else 7), before, after, 5), OCCASION)
        for before, after in changes
    ]
    assert [alert.event_id for alert in told] == ids
    assert [(alert.before, alert.after) for alert in told] == changes
    assert len({alert.source for alert in told}) == 1
    for alert in told:
        assert alert.text("en")
        assert alert.text("ja") != alert.text("en")


@pytest.mark.parametrize("classname", CLASSES)
def test_everything_that_is_judged_can_be_told(classname: str) -> None:
    shipped = defaults(classname, "_Total")
    assert shipped is not None
    for variant in variants(shipped):
        assert {rule.metric for rule in rules(classname, variant)} <= METRICS.keys()


def variants(shipped: Monitoring) -> list[Monitoring]:
    found = [shipped]
    if shipped.watched_value is not None:
        found.append(dataclasses.replace(shipped, watched_value=1 - shipped.watched_value))
    if shipped.threshold_unit is not None:
        found.append(dataclasses.replace(shipped, threshold_unit=1 - shipped.threshold_unit))
    return found


def test_what_an_alert_says() -> None:
    assert cpu() == Alert(
        uuid=UUID,
        at=1_790_000_000.25,
        utc_offset_s=32400,
        source="ESMCPUPERF",
        event_id=0x80000064,
        severity=Severity.WARNING,
        process="ESMcmn",
        message=Message.of("alerts.cpu-warning", element="_Total", value="96", unit="%", limit="95"),
        advice=Message.of("alerts.advice-load"),
        element='root/ESMPRO/AS:ESM_Processor.DeviceID="_Total"',
        element_id="ESM_Processor/_Total",
        alert_type=3,
        probable_cause=107,
        trending=2,
        before=N,
        after=W,
        metric="cpu.load_percent",
        value=96,
        limit=95,
        units="percent",
    )
    assert cpu().text("en") == "_Total: the CPU load is 96%, at or above the warning limit of 95%."
    assert "現在値: 96%" in cpu().text("ja")


@pytest.mark.parametrize(
    ("before", "after", "value", "cause", "trending", "correlated"),
    [
        pytest.param(N, W, 96, 107, 2, (), id="up"),
        pytest.param(C, W, 96, 107, 3, (), id="a step down clears nothing"),
        pytest.param(W, N, 5, 59, 3, ("a", "b"), id="normal clears what was open"),
        pytest.param(U, N, 5, 59, 3, ("a", "b"), id="readable again clears what was open"),
        pytest.param(W, U, None, 107, 4, (), id="unreadable is neither better nor worse"),
    ],
)
def test_cause_trend_and_what_is_cleared(
    before: State, after: State, value: float | None, cause: int, trending: int, correlated: tuple[str, ...]
) -> None:
    alert = cpu(before, after, value, ("a", "b"))
    assert (alert.probable_cause, alert.trending, alert.correlated) == (cause, trending, correlated)


def test_megabytes_and_property_are_told() -> None:
    space = StateChange(Sample("ESM_FileSystemThread", "u:/", "file_system.free_mb", 512.0), N, W, 1024)
    assert "512 MB" in alert_of(space, OCCASION).text("en")
    disk = StateChange(Sample("ESM_StorageThread", "d", "disk.temperature_celsius", 71), N, W, 65)
    assert "Temperature is 71 °C" in alert_of(disk, OCCASION).text("en")


def test_without_a_name_the_stable_id_is_told() -> None:
    alert = cpu(occasion=Occasion(UUID, 0, 0))
    assert alert.text("en").startswith("_Total: ")
    assert alert.element == ""


@pytest.mark.parametrize(
    ("what", "classname", "event_id", "before", "after", "cause", "correlated"),
    [
        pytest.param(What.GONE, "ESM_StorageThread", 0xC00000A4, N, C, 86, (), id="disk gone"),
        pytest.param(What.BACK, "ESM_StorageThread", 0x400000A5, C, U, 59, ("a",), id="disk back"),
        pytest.param(
            What.UNMOUNTED, "ESM_FileSystemThread", 0x40000095, W, U, 50, ("a",), id="file system unmounted"
        ),
    ],
)
def test_presence(
    what: What,
    classname: str,
    event_id: int,
    before: State,
    after: State,
    cause: int,
    correlated: tuple[str, ...],
) -> None:
    alert = presence_alert(what, classname, "sda", OCCASION, before=before, cleared=("a",))
    assert alert.event_id == event_id
    assert (alert.before, alert.after) == (before, after)
    assert (alert.probable_cause, alert.correlated) == (cause, correlated)
    assert alert.element_id == f"{classname}/sda"


@pytest.mark.parametrize(
    ("subject", "what", "args", "event_id", "process", "says"),
    [
        (events.AGENT, What.STARTED, {"version": "1.2"}, 0x40000704, "ESMntserver", "1.2"),
        (events.AGENT, What.STOPPED, {"version": "1.2"}, 0x40000705, "ESMntserver", "1.2"),
        (
            events.REPORT,
            What.GIVEN_UP,
            {"destination": "https://m", "count": 3},
            0x80000701,
            "ESMamvmain",
            "3",
        ),
        (
            events.SUBSCRIPTION,
            What.LAPSED,
            {"filter": "f", "destination": "d"},
            0x80000702,
            "ESMcmn",
            "lapsed",
        ),
        (events.WATCHED_LOG, What.LOST, {"log": "/var/log/x"}, 0x80000703, "ESMamvmain", "/var/log/x"),
        (
            events.CERTIFICATE,
            What.ENDS_SOON,
            {"file": "s.pem", "days": 7},
            0x80000706,
            "ESMntserver",
            "7 more",
        ),
        (events.WORKER, What.FAILED, {"worker": "cpu", "reason": "x"}, 0xC0000707, "ESMntserver", "cpu"),
        (events.PROCESSORS, What.CRITICAL, {"present": 1, "expected": 2}, 0xC00000B2, "ESMcmn", "1 of 2"),
        (events.MODULES, What.NORMAL, {"present": 2, "expected": 2}, 0x400000B4, "ESMcmn", "All 2"),
    ],
    ids=lambda value: str(value) if isinstance(value, What) else getattr(value, "name", ""),
)
def test_the_agent_itself(
    subject: Subject, what: What, args: dict[str, Any], event_id: int, process: str, says: str
) -> None:
    alert = agent_alert(subject, what, OCCASION, **args)
    assert (alert.source, alert.event_id, alert.process) == ("ESMCOMMONSERVICE", event_id, process)
    assert says in alert.text("en")
    assert alert.element_id == "ESM_Alive/ESM:Alive"


def test_a_missing_argument_is_no_half_text() -> None:
    with pytest.raises(KeyError, match="version"):
        agent_alert(events.AGENT, What.STARTED, OCCASION)


def test_a_site_can_have_its_own_ids_and_severity_follows() -> None:
    occasion = dataclasses.replace(OCCASION, ids=remapped({("ESMCPUPERF", 0x80000064): 0xC00000C8}))
    alert = cpu(occasion=occasion)
    assert (alert.event_id, alert.severity) == (0xC00000C8, Severity.CRITICAL)
    assert cpu(N, C, occasion=occasion).event_id == 0xC0000065


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (95, "95"),
        (95.0, "95"),
        (9.5, "9.5"),
        (1234567, "1234567"),
        (100.0, "100"),
        (1 / 3, "0.33"),
        (None, "-"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


plain = st.text(max_size=20) | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False) | st.booleans()
messages = st.builds(
    Message, st.text(max_size=20), st.lists(st.tuples(st.text(max_size=9), plain), max_size=4).map(tuple)
)
numbers = st.none() | st.floats(allow_nan=False) | st.integers(0, 2**64)
alerts = st.builds(
    Alert,
    **{field.name: st.text(max_size=30) for field in dataclasses.fields(Alert) if field.type == "str"},
    at=st.floats(0, 4e9),
    severity=st.sampled_from(Severity),
    message=messages,
    advice=st.none() | messages,
    before=st.sampled_from(State),
    after=st.sampled_from(State),
    value=numbers,
    limit=numbers,
    correlated=st.lists(st.text(max_size=40), max_size=3).map(tuple),
)


@given(alerts)
def test_json_gives_back_the_same_alert(alert: Alert) -> None:
    again = from_json(to_json(alert))
    assert again == alert
    assert repr(again) == repr(alert)  # enumerations, tuples, integers and floats too


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": 2}, id="newer"),
        pytest.param({"version": None}, id="no version"),
        pytest.param({"severity": 99}, id="unknown severity"),
        pytest.param({"message": 5}, id="no message"),
        pytest.param({"surplus": 1}, id="unknown field"),
    ],
)
def test_other_json_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        from_json(json.dumps({**json.loads(to_json(cpu())), **change}))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "{"])
def test_what_is_no_alert_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)
