"""Reports of smartctl, and the program that makes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.host.calls import LiveCalls, run
from openesm.host.machine import Host
from openesm.host.smart import Smart, SmartState, parse_smart


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        pytest.param({"smart_status": {"passed": True}}, Smart(SmartState.PASSED), id="passed"),
        pytest.param({"smart_status": {"passed": False}}, Smart(SmartState.FAILING), id="failing"),
        pytest.param({"smart_support": {"available": False}}, Smart(SmartState.NOT_SUPPORTED), id="none"),
        pytest.param({}, Smart(), id="says nothing"),
        pytest.param([], Smart(), id="no object"),
        pytest.param({"temperature": {"current": -300}, "power_on_time": 5}, Smart(), id="odd values"),
        pytest.param(
            {"scsi_grown_defect_list": 7, "rotation_rate": 10500}, Smart(reallocated=7, rpm=10500), id="SAS"
        ),
        pytest.param(
            {"ata_smart_attributes": {"table": [{"id": [5], "raw": {"value": 3}}, 7]}}, Smart(), id="odd ids"
        ),
        pytest.param({"ata_smart_attributes": {"table": 7}}, Smart(), id="no table"),
        pytest.param({"endurance_used": {"current_percent": 3}}, Smart(endurance_used=3), id="endurance"),
        pytest.param(
            {"nvme_smart_health_information_log": {"percentage_used": 101}},
            Smart(endurance_used=101),
            id="NVMe",
        ),
        pytest.param(
            {
                "ata_smart_attributes": {
                    "table": [{"id": 5, "raw": {"value": 3}}, {"id": 197, "raw": {"value": 1}}]
                }
            },
            Smart(reallocated=3, pending=1),
            id="attributes",
        ),
    ],
)
def test_reports(report: Any, expected: Smart) -> None:
    assert parse_smart(json.dumps(report).encode()) == expected


@pytest.mark.parametrize(
    "report", [None, b"", b"{", b"\xff", b"[" * 100_000], ids=["none", "empty", "cut", "odd", "deep"]
)
def test_what_is_no_report(report: bytes | None) -> None:
    assert parse_smart(report) == Smart()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["smart_status", "raw", "temperature", "id"]), inner)
    ),
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["smart_status", "temperature", "ata_smart_attributes", "model_name", "endurance_used"]
        ),
        JSON,
    )
)
def test_no_report_raises(report: dict[str, Any]) -> None:
    assert isinstance(parse_smart(json.dumps(report).encode()).state, SmartState)


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_program_gets_the_disk_and_a_clean_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "x")
    smartctl = program(tmp_path / "smartctl", 'echo "$*|$SECRET|$LC_ALL|$PWD"; exit 4')
    assert LiveCalls(smartctl).smart_report("sda") == b"-j -a /dev/sda||C|/\n"


def test_a_program_that_hangs_is_killed(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        run(program(tmp_path / "hang", "exec sleep 600"), limit_s=0.05)


def test_no_smartctl_is_no_error(tmp_path: Path) -> None:
    assert Host(calls=LiveCalls(tmp_path / "missing")).smart(["sda"]) == {"sda": Smart()}


def test_a_report_is_kept_for_five_minutes(tmp_path: Path) -> None:
    clock = tmp_path / "recorded/clock.json"
    report = tmp_path / "recorded/smartctl/sda.json"
    report.parent.mkdir(parents=True)
    host = Host(tmp_path)

    def state_at(seconds: float, passed: bool) -> SmartState:
        clock.write_text(json.dumps({"monotonic": seconds}))
        report.write_text(json.dumps({"smart_status": {"passed": passed}}))
        return host.smart(["sda"])["sda"].state

    assert [state_at(0, True), state_at(299, False), state_at(300, False)] == [
        SmartState.PASSED,
        SmartState.PASSED,
        SmartState.FAILING,
    ]
