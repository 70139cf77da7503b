"""The retry of indications: settings, and a monitor.ini that is read while the agent runs (CAU-3)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from esmd.pace import Pace
from openesm.settings import Delivery
from subscription.model import IndicationService, RemovalAction

HOUR = 3600.0


def test_the_shipped_settings_promise_72_hours() -> None:
    """I05: attempts and interval are what a listener reckons with."""
    pace = Pace(Delivery())
    assert pace.service() == IndicationService(8640, 30, RemovalAction.IGNORE, 30 * 86400)
    assert pace.retention_s == pace.backlog_s == 72 * HOUR


@pytest.mark.parametrize(
    ("text", "attempts", "interval_s", "retention_s"),
    [
        pytest.param("[CimAlert]\nRetryCount=3\nWaitTime=60\n", 3, 60, 180, id="both"),
        pytest.param("[CimAlert]\nRetryCount=0\nWaitTime=0\n", 0, 1, 0, id="once and no more"),
        pytest.param("[CimAlert]\nWaitTime=60\n", 4320, 60, 72 * HOUR, id="the interval alone"),
        pytest.param("[Other]\nRetryCount=3\n", 8640, 30, 72 * HOUR, id="not for us"),
    ],
)
def test_monitor_ini(tmp_path: Path, text: str, attempts: int, interval_s: int, retention_s: float) -> None:
    file = tmp_path / "monitor.ini"
    file.write_text(text)
    pace = Pace(replace(Delivery(), monitor_ini=file))
    assert (pace.attempts, pace.interval_s, pace.retention_s) == (attempts, interval_s, retention_s)
    assert pace.backlog_s == 72 * HOUR


def test_it_is_read_live(tmp_path: Path) -> None:
    file = tmp_path / "monitor.ini"
    pace = Pace(replace(Delivery(), monitor_ini=file))
    assert pace.attempts == 8640
    assert pace.problem is not None and str(file) in pace.problem.text("en")
    file.write_text("[CimAlert]\nRetryCount=3\nWaitTime=10\n")
    pace.look()
    assert (pace.attempts, pace.problem) == (3, None)
    file.write_text("[CimAlert]\nRetryCount=5\nWaitTime=10\n")
    os.utime(file, ns=(1, 1))
    pace.look()
    assert pace.attempts == 5


@pytest.mark.parametrize("broken", ["[CimAlert]\nRetryCount=lots\n", "[CimAlert]\nRetryCount\n", None])
def test_what_is_wrong_changes_nothing_and_is_told_once(
    tmp_path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "monitor.ini"
    file.write_text("[CimAlert]\nRetryCount=3\nWaitTime=10\n")
    pace = Pace(replace(Delivery(), monitor_ini=file))
    if broken is None:
        file.unlink()
    else:
        file.write_text(broken)
    pace.look()
    pace.look()
    assert (pace.attempts, pace.interval_s) == (3, 10)
    assert pace.problem is not None and pace.problem.text("ja")
    assert len(caplog.records) == 1


def test_without_the_setting_the_file_counts_no_more(tmp_path: Path) -> None:
    file = tmp_path / "monitor.ini"
    file.write_text("[CimAlert]\nRetryCount=3\nWaitTime=10\n")
    pace = Pace(replace(Delivery(), monitor_ini=file))
    pace.configure(Delivery())
    assert pace.attempts == 8640
