"""THR and CAU rules as a manager sees them: what is refused, kept, switched off, and what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pywbem

from esmctl.agent import ask
from esmctl.main import main as esmctl
from tests.e2e.managers import (
    ALL_ALERTS,
    EsmctlManager,
    Manager,
    connected,
    nothing_before_a_test,
    read_again,
    subscribe,
)
from tests.e2e.movable import Machine, leave_free
from tests.e2e.volume import UUID, volume
from tests.esmctl.listening import listening
from tests.running import RunningAgent, eventually, running_agent

UNKNOWN, NORMAL, WARNING, CRITICAL = range(4)
PATIENCE_S = 30.0
MEMORY, SPACE = "ESM_PhysicalMemory", "ESM_FileSystemThread"
SETTINGS = (
    *("MonitoringEnabled", "MonitoringInterval", "WarningThreshold", "WarningClearThreshold"),
    *("CriticalThreshold", "CriticalClearThreshold", "WatchedValue", "ThresholdUnit"),
)
TOLD = f"{ALL_ALERTS} WHERE SourceName = 'ESMMEMORYUSAGE' OR SourceName = 'ESMFSSERVICE' OR IsTest = TRUE"
EACH_SECOND = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}


@contextmanager
def a_manager(folder: Path) -> Iterator[Manager]:
    """`esmctl listen`, which ends well only when nothing was lost, came twice or out of order."""
    with listening(folder, "--json", "--http") as listener:
        manager = EsmctlManager(listener.url, "", listener)
        yield manager
        assert manager.is_silent()


@contextmanager
def watched(folder: Path, settings: str = "") -> Iterator[tuple[RunningAgent, Machine, Manager]]:
    """An agent of a machine of ours, and a manager that is told everything but its starts and stops."""
    machine = Machine(folder)
    with (
        a_manager(folder / "l") as manager,
        running_agent(folder / "a", root=machine.root, settings=settings) as agent,
    ):
        subscribe(agent, manager.url, query=TOLD)
        yield agent, machine, manager


def look(agent: RunningAgent, path: pywbem.CIMInstanceName) -> pywbem.CIMInstance:
    with connected(agent) as connection:
        return connection.GetInstance(path)


def memory_of(agent: RunningAgent) -> pywbem.CIMInstanceName:
    with connected(agent) as connection:
        (path,) = connection.EnumerateInstanceNames(MEMORY)
    return path


def until_state(agent: RunningAgent, path: pywbem.CIMInstanceName, wanted: int) -> None:
    eventually(lambda: look(agent, path)["MonitorState"] == wanted, f"{path} is {wanted}", PATIENCE_S)


def settings_of(agent: RunningAgent, path: pywbem.CIMInstanceName) -> dict[str, Any]:
    found = look(agent, path)
    return {name: found[name] for name in SETTINGS if name in found}


def set_thresholds(agent: RunningAgent, path: pywbem.CIMInstanceName, **given: Any) -> int:
    with connected(agent) as connection:
        return int(connection.InvokeMethod("SetThresholds", path, **given)[0])


def modify(agent: RunningAgent, path: pywbem.CIMInstanceName, given: dict[str, Any]) -> int:
    with connected(agent) as connection:
        changed = pywbem.CIMInstance(path.classname, given, path=path)
        try:
            connection.ModifyInstance(changed, PropertyList=list(given))
        except pywbem.CIMError as refused:
            return int(refused.status_code)
    return 0


def limits(*values: int, kind: type[pywbem.CIMInt] = pywbem.Uint16) -> dict[str, Any]:
    """Warning and its clear value, critical and its."""
    return {name: kind(value) for name, value in zip(SETTINGS[2:6], values, strict=True)}


# -- what is refused


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    folder = tmp_path_factory.mktemp("idle")
    with running_agent(folder / "a", root=Machine(folder).root) as agent:
        yield agent


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(limits(90, 95, 99, 95), id="clear above warning"),
        pytest.param(limits(99, 90, 95, 95), id="warning above critical"),
        pytest.param(limits(95, 90, 95, 95), id="warning is critical"),
        pytest.param(limits(95, 90, 99, 94), id="critical clear below warning"),
        pytest.param(limits(95, 0, 99, 95), id="clear is nothing"),
        pytest.param(limits(95, 90, 101, 95), id="beyond 100 %"),
        pytest.param({"WarningThreshold": pywbem.Uint16(99)}, id="against what is set"),
        pytest.param({"MonitoringInterval": pywbem.Uint32(0)}, id="interval 0"),
        pytest.param({"MonitoringInterval": pywbem.Uint32(3601)}, id="interval 3601"),
        pytest.param({"WatchedValue": pywbem.Uint16(2)}, id="watched value"),
    ],
)
@pytest.mark.parametrize("ask_for", [modify, lambda a, p, g: set_thresholds(a, p, **g)], ids=["put", "call"])
def test_refused_as_a_whole(idle: RunningAgent, ask_for: Callable[..., int], given: dict[str, Any]) -> None:
    """A good value beside a wrong one does not count either."""
    path = memory_of(idle)
    before = settings_of(idle, path)
    status = ask_for(idle, path, {"MonitoringEnabled": True, **given})
    assert status == (4 if ask_for is modify else 5)
    assert settings_of(idle, path) == before
    assert before["MonitoringEnabled"] is False


# -- what is kept


def test_settings_outlive_the_agent(tmp_path: Path) -> None:
    """CAU-6. Also the state: nobody is told again of what is known, and then of its end."""
    machine, seen, kept = Machine(tmp_path), [], dict[str, Any]()
    with a_manager(tmp_path / "l") as manager:
        for start in range(2):
            with running_agent(tmp_path / "a", root=machine.root) as agent:
                path = memory_of(agent)
                if start == 0:
                    subscribe(agent, manager.url, query=TOLD)
                    assert set_thresholds(agent, path, **EACH_SECOND, **limits(60, 50, 80, 70)) == 0
                    until_state(agent, path, NORMAL)
                    machine.use(memory=65)
                    seen.append(manager.next())
                    kept = settings_of(agent, path)
                until_state(agent, path, WARNING)
                assert settings_of(agent, path) == kept
                read_again(agent, MEMORY)
                nothing_before_a_test(agent, manager)
        with running_agent(tmp_path / "a", root=machine.root) as agent:
            machine.use(memory=10)
            seen.append(manager.next())
            words = ["threshold", "reset", f"{MEMORY}/PhysicalMemory", "--config", str(agent.config)]
            assert esmctl(words) == 0
            eventually(lambda: settings_of(agent, path)["WarningThreshold"] == 95, "the shipped limits")
    assert [each["ESMEventID"] for each in seen] == ["80000070", "40000073"]
    assert seen[1]["CorrelatedIndications"] == [seen[0]["IndicationIdentifier"]]


@pytest.mark.needs("mkfs.ext4", "unshare", "nsenter", "findmnt")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_settings_outlive_an_unmount(tmp_path: Path) -> None:
    """CAU-6: by the UUID of the file system; what was open is closed when it goes."""
    with (
        volume(tmp_path / "v") as made,
        a_manager(tmp_path / "l") as manager,
        running_agent(tmp_path / "a", command=made.command) as agent,
    ):
        (path,) = [each for each in volumes(agent) if each["Name"] == str(made.mounted)]
        here = f"{ALL_ALERTS} WHERE IsTest = TRUE OR Message LIKE '{made.mounted}%'"
        subscribe(agent, manager.url, query=here)
        for other in volumes(agent):  # a class is read as often as the first of its elements wants
            assert set_thresholds(agent, other, MonitoringInterval=pywbem.Uint32(1)) in (0, 1)
        assert set_thresholds(agent, path, **limits(50, 60, 20, 30, kind=pywbem.Uint64)) == 0
        kept = settings_of(agent, path)
        until_state(agent, path, NORMAL)
        leave_free(made.seen_by(agent), 40)
        full = manager.next()
        until_state(agent, path, WARNING)
        made.unmount(agent)
        closed = manager.next()
        eventually(lambda: path["Name"] not in {each["Name"] for each in volumes(agent)}, "it is gone")
        made.mount(agent)
        again = manager.next()
        until_state(agent, path, WARNING)
        assert settings_of(agent, path) == kept
        nothing_before_a_test(agent, manager)
        elements = [each["element"] for each in ask(agent.local_socket, "threshold-list")["elements"]]
    assert f"{SPACE}/{UUID}:{made.mounted}" in elements
    assert [each["ESMEventID"] for each in (full, closed, again)] == ["80000090", "40000095", "80000090"]
    assert closed["CorrelatedIndications"] == [full["IndicationIdentifier"]]


def volumes(agent: RunningAgent) -> list[pywbem.CIMInstanceName]:
    with connected(agent) as connection:
        found: list[pywbem.CIMInstanceName] = connection.EnumerateInstanceNames(SPACE)
    return found


# -- class.xml


ON = "<ClassList><Class><Name>{name}</Name></Class></ClassList>"


def test_a_class_that_is_switched_off(tmp_path: Path) -> None:
    """CAU-5: whatever a client sets; a reload switches it on, with what the client has set."""
    file = tmp_path / "class.xml"
    file.write_text(ON.format(name="ESM_PageFile"))
    with watched(tmp_path, f'[monitoring]\nclass_xml = "{file}"\n') as (agent, machine, manager):
        path = memory_of(agent)
        assert set_thresholds(agent, path, **EACH_SECOND) == 0
        machine.use(memory=100)
        read_again(agent, MEMORY)
        found = look(agent, path)
        assert (found["MonitoringEnabled"], found["MonitorState"]) == (False, UNKNOWN)
        nothing_before_a_test(agent, manager)
        file.write_text(ON.format(name=MEMORY))
        assert esmctl(["reload", "--config", str(agent.config)]) == 0
        assert manager.next()["ESMEventID"] == "C0000071"
        until_state(agent, path, CRITICAL)
        assert look(agent, path)["MonitoringEnabled"] is True
        file.write_text(ON.format(name="ESM_PageFile"))
        assert esmctl(["reload", "--config", str(agent.config)]) == 0
        eventually(lambda: not look(agent, path)["MonitoringEnabled"], "it is off again")
        machine.use(memory=10)
        read_again(agent, MEMORY)
        nothing_before_a_test(agent, manager)


# -- what cannot be read


def test_three_readings_that_fail(tmp_path: Path) -> None:
    """One alert of its own, then silence; the next good reading is judged afresh."""
    with watched(tmp_path) as (agent, machine, manager):
        path = memory_of(agent)
        assert set_thresholds(agent, path, **EACH_SECOND) == 0
        until_state(agent, path, NORMAL)
        machine.hide("meminfo")
        failed = manager.next()
        assert look(agent, path)["PressurePercentage"] is None
        until_state(agent, path, UNKNOWN)
        read_again(agent, MEMORY, 4)
        nothing_before_a_test(agent, manager)
        machine.use(memory=96)
        afresh = manager.next()
        machine.use(memory=10)
        over = manager.next()
    assert [each["ESMEventID"] for each in (failed, afresh, over)] == ["80000074", "80000070", "40000073"]
    assert (failed["PreviousState"], failed["CurrentState"], failed["Trending"]) == (NORMAL, UNKNOWN, 4)
    assert (failed["ObservedValue"], failed["ThresholdValue"]) == (None, None)
    assert failed["Message"] == "PhysicalMemory: the use of physical memory cannot be read."
    assert (afresh["PreviousState"], afresh["ThresholdValue"]) == (UNKNOWN, 95)
    assert over["CorrelatedIndications"] == [failed["AlertUUID"], afresh["AlertUUID"]]
