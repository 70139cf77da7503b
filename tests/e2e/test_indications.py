"""What happens on the machine reaches managers: each change once, in order (THR-1 to THR-6)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pywbem

from esmctl.main import main as esmctl
from tests.e2e.managers import (
    ESM,
    Manager,
    all_listening,
    connected,
    nothing_before_a_test,
    read_again,
    subscribe,
    trusted,
)
from tests.e2e.movable import Machine, ext4, leave_free, log_socket
from tests.running import RunningAgent, eventually, running_agent

NORMAL, WARNING, CRITICAL = 1, 2, 3
INFORMATION_S, WARNING_S, CRITICAL_S = 2, 3, 6  # PerceivedSeverity
ALL_OF_IT = ("_Total", "PhysicalMemory", "VirtualMemory")
UP, DOWN, CLEARED = 2, 3, 59

# severity, state before, state after, trending, whether the cause is that it was cleared
STORY = (
    (WARNING_S, NORMAL, WARNING, UP),
    (CRITICAL_S, WARNING, CRITICAL, UP),
    (WARNING_S, CRITICAL, WARNING, DOWN),
    (INFORMATION_S, WARNING, NORMAL, DOWN),
)
CPU = ("80000064", "C0000065", "80000066", "40000067")
PHYSICAL = ("80000070", "C0000071", "80000072", "40000073")
VIRTUAL = ("80000078", "C0000079", "8000007A", "4000007B")
PAGE_FILE = ("80000080", "C0000081", "80000082", "40000083")
SPACE_CLASS = "ESM_FileSystemThread"
SPACE = ("80000090", "C0000091", "80000092", "40000093")


def watch(
    agent: RunningAgent, classname: str, wanted: Callable[[pywbem.CIMInstanceName], bool]
) -> pywbem.CIMInstanceName:
    """Watches one element each second, by the limits that we ship; its path once it is judged."""
    with connected(agent) as connection:
        (path,) = filter(wanted, connection.EnumerateInstanceNames(classname))
        given = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}
        assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
        eventually(lambda: connection.GetInstance(path)["MonitorState"] == NORMAL, f"{path} is watched")
    return path


def told(managers: dict[str, Manager], source: str, event: str) -> dict[str, object]:
    """Every manager gets the same indication; all that it says."""
    got = {name: manager.next() for name, manager in managers.items()}
    found = got["pywbem"]
    assert {each["EventID"] for each in got.values()} == {f"{source}/{event}"}
    assert {each["AlertUUID"] for each in got.values()} == {found["AlertUUID"]}
    assert {int(each["SequenceNumber"]) for each in got.values()} == {found["SequenceNumber"]}
    return found


def check_story(seen: list[dict[str, object]], cause: int, values: list[float], limits: list[float]) -> None:
    """esm-definitions 3 and 4, I04: what the four indications of up and down say."""
    names = ("PerceivedSeverity", "PreviousState", "CurrentState", "Trending")
    assert [tuple(found[name] for name in names) for found in seen] == list(STORY)
    assert [found["ProbableCause"] for found in seen] == [cause, cause, cause, CLEARED]
    assert [found["ObservedValue"] for found in seen] == [pytest.approx(value, abs=0.3) for value in values]
    assert [found["ThresholdValue"] for found in seen] == limits
    uuids = [found["AlertUUID"] for found in seen]
    assert [found["CorrelatedIndications"] for found in seen] == [None, None, None, uuids[:3]]
    assert [found["IndicationIdentifier"] for found in seen] == uuids
    assert len({found["SequenceContext"] for found in seen}) == 1
    assert {found["Replayed"] for found in seen} == {found["IsTest"] for found in seen} == {False}


@pytest.mark.parametrize(
    ("classname", "source", "ids", "move", "steps", "limits", "cause"),
    [
        pytest.param(
            *("ESM_Processor", "ESMCPUPERF", CPU, Machine.load, (96, 99, 95, 20), [95, 99, 96, 92], 107),
            id="CPU",
        ),
        pytest.param(
            *("ESM_PhysicalMemory", "ESMMEMORYUSAGE", PHYSICAL),
            lambda machine, percent: machine.use(memory=percent),
            *((96, 99, 93, 20), [95, 99, 95, 90], 33),
            id="physical memory",
        ),
        pytest.param(
            *("ESM_VirtualMemory", "ESMMEMORYUSAGE", VIRTUAL),
            lambda machine, percent: machine.use(memory=percent, swap=percent),
            *((91, 96, 88, 20), [90, 95, 90, 85], 33),
            id="virtual memory",
        ),
        pytest.param(
            *("ESM_PageFile", "ESMMEMORYUSAGE", PAGE_FILE),
            lambda machine, percent: machine.use(swap=percent),
            *((81, 96, 84, 20), [80, 95, 85, 70], 33),
            id="page file",
        ),
    ],
)
def test_up_and_down_again(
    tmp_path: Path,
    classname: str,
    source: str,
    ids: tuple[str, ...],
    move: Callable[[Machine, int], None],
    steps: tuple[int, ...],
    limits: list[float],
    cause: int,
) -> None:
    machine = Machine(tmp_path)
    with all_listening(tmp_path) as managers, log_socket(tmp_path) as log:
        settings = f'[syslog]\nsocket = "{log.path}"\n{trusted(managers)}'
        with running_agent(tmp_path / "agent", root=machine.root, settings=settings) as agent:
            move(machine, 20)
            path = watch(agent, classname, lambda path: path.get("DeviceID") in ALL_OF_IT)
            query = f"SELECT * FROM ESM_AlertIndication WHERE SourceName = '{source}' OR IsTest = TRUE"
            for number, manager in enumerate(managers.values()):
                subscribe(agent, manager.url, f"{number}", query)
            seen = []
            for percent, event in zip(steps, ids, strict=True):
                move(machine, percent)
                seen.append(told(managers, source, event))
            read_again(agent, classname)
            nothing_before_a_test(agent, *managers.values())
        lines = [line for line in log.lines() if source in line]
        assert all(manager.is_silent() for manager in managers.values())
    check_story(seen, cause, [float(step) for step in steps], limits)
    uris = {str(found["AlertingManagedElement"]) for found in seen}
    assert {pywbem.CIMInstanceName.from_wbem_uri(f"/{uri}") for uri in uris} == {path}
    assert len(lines) == len(STORY)


@pytest.mark.needs("mkfs.ext4")
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_file_system_fills(tmp_path: Path) -> None:
    """THR-6 on a real file system, filled in steps; FAQ-20, FAQ-21: the line of the system log."""
    with all_listening(tmp_path) as managers, log_socket(tmp_path) as log, ext4(tmp_path) as mounted:
        late = managers["pywbemlistener"]
        settings = trusted({name: each for name, each in managers.items() if each is not late})
        settings += f'[syslog]\nsocket = "{log.path}"\n'
        with running_agent(tmp_path / "agent", settings=settings) as agent:
            watch(agent, SPACE_CLASS, lambda path: str(mounted) in str(path))
            query = (
                "SELECT * FROM ESM_AlertIndication WHERE IsTest = TRUE OR SourceName = 'ESMFSSERVICE'"
                f" AND AlertingManagedElement LIKE '%{mounted}%'"
            )
            for number, manager in enumerate(managers.values()):
                subscribe(agent, manager.url, f"{number}", query)
            words = ["destination", "trust", late.url, *late.trust.split(), "--config", str(agent.config)]
            assert esmctl(words) == 0
            seen, before = [], 100.0
            for free, event in zip((8, 0.5, 5, 50), SPACE, strict=True):
                for step in (0.75, 0.5, 0.25, 0):  # on the way, and then still
                    leave_free(mounted, free + max(0.0, before - free) * step)
                seen.append(told(managers, "ESMFSSERVICE", event))
                read_again(agent, SPACE_CLASS)
                before = free
            nothing_before_a_test(agent, *managers.values())
        lines = [line for line in log.lines() if str(mounted) in line]
        assert all(manager.is_silent() for manager in managers.values())
    check_story(seen, 50, [8, 0, 5, 50], [10, 1, 2, 12])
    priorities = {"8": 12, "C": 11, "4": 14}  # facility user: warning, err, info
    shape = re.compile(
        r"<(\d+)>.* ESMcmn(?:\[\d+\])?: SRC:ESMFSSERVICE, ID:([0-9A-F]{8}), MSG:(.+)", re.DOTALL
    )
    found = [shape.fullmatch(line) for line in lines]
    assert [(match[2], int(match[1])) for match in found if match] == [
        (event, priorities[event[0]]) for event in SPACE
    ]
    assert [match[3] for match in found if match] == [each["Message"] for each in seen]


def test_settings_stay_over_a_restart(tmp_path: Path) -> None:
    """CAU-6: what a client set is the element's, not the run's."""
    machine = Machine(tmp_path)
    with running_agent(tmp_path / "agent", root=machine.root) as agent, connected(agent) as connection:
        (path,) = connection.EnumerateInstanceNames("ESM_PhysicalMemory")
        changed = connection.GetInstance(path)
        changed.update(WarningThreshold=pywbem.Uint16(70), WarningClearThreshold=pywbem.Uint16(60))
        connection.ModifyInstance(changed, PropertyList=["WarningThreshold", "WarningClearThreshold"])
        wrong = {"WarningThreshold": pywbem.Uint16(80), "CriticalThreshold": pywbem.Uint16(75)}
        assert connection.InvokeMethod("SetThresholds", path, **wrong)[0] == 5
        assert connection.GetInstance(path)["WarningThreshold"] == 70
    with running_agent(tmp_path / "agent", root=machine.root) as agent, connected(agent) as connection:
        assert connection.GetInstance(path)["WarningThreshold"] == 70
        assert connection.InvokeMethod("RestoreDefaultThresholds", path)[0] == 0
        assert connection.GetInstance(path)["WarningThreshold"] == 95
    assert path.namespace == ESM


@pytest.mark.needs("unshare")
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_bind_mounted_proc(tmp_path: Path) -> None:
    """The same machine as always, but for /proc/meminfo, in a mount namespace of the agent's own."""
    machine = Machine(tmp_path)
    mounting = 'mount --bind "$0" /proc/meminfo && exec "$@"'
    command = ("unshare", "--mount", "--propagation", "private", "sh", "-c", mounting)
    file, agent_command = str(machine.root / "proc" / "meminfo"), (sys.executable, "-m", "esmd")
    with all_listening(tmp_path) as managers, log_socket(tmp_path) as log:
        settings = f'[syslog]\nsocket = "{log.path}"\n{trusted(managers)}'
        with running_agent(
            tmp_path / "agent", settings=settings, command=(*command, file, *agent_command)
        ) as agent:
            watch(agent, "ESM_PhysicalMemory", lambda _path: True)
            query = "SELECT * FROM ESM_AlertIndication WHERE SourceName = 'ESMMEMORYUSAGE'"
            for number, manager in enumerate(managers.values()):
                subscribe(agent, manager.url, f"{number}", query)
            seen = []
            for percent, event in zip((96, 99, 93, 20), PHYSICAL, strict=True):
                machine.use(memory=percent)
                seen.append(told(managers, "ESMMEMORYUSAGE", event))
        lines = [line for line in log.lines() if "SRC:ESMMEMORYUSAGE" in line]
        assert all(manager.is_silent() for manager in managers.values())
    check_story(seen, 33, [96, 99, 93, 20], [95, 99, 95, 90])
    assert len(lines) == len(STORY)
