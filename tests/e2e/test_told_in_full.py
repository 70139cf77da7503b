"""THR-1 to THR-4: processor, memories and page file move together; every property is as defined.

The tables are those of esm-definitions.md 3 and 4; limits are set in each of the three ways there are.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pywbem

from esmctl.agent import ask
from esmctl.main import main as esmctl
from tests.e2e.managers import ESM, Properties, connected, pywbem_listens, subscribe
from tests.e2e.movable import LogSocket, Machine, log_socket
from tests.running import RunningAgent, eventually, running_agent

NORMAL, WARNING, CRITICAL = 1, 2, 3
PATIENCE_S = 30.0
STATES = (WARNING, CRITICAL, WARNING, NORMAL)
SEVERITIES, TRENDING = (3, 6, 3, 2), (2, 2, 3, 3)
TEXTS = {
    "en": (
        "{name}: {what} is {value}%, at or above the warning limit of {limit}%.",
        "{name}: {what} is {value}%, at or above the critical limit of {limit}%.",
        "{name}: {what} is {value}%: no longer critical, but still a warning.",
        "{name}: {what} is back to normal at {value}%.",
    ),
    "ja": (
        "{name}: {what}が警告しきい値以上になりました。現在値: {value}% しきい値: {limit}%",
        "{name}: {what}が異常しきい値以上になりました。現在値: {value}% しきい値: {limit}%",
        "{name}: {what}が異常から警告に回復しました。現在値: {value}%",
        "{name}: {what}が正常に回復しました。現在値: {value}%",
    ),
}


@dataclass(frozen=True)
class Case:
    """A class with its element, what a story moves it to, and what its indications have in common."""

    classname: str
    name: str
    shows: str
    source: str
    cause: int
    events: tuple[str, ...]
    values: tuple[int, ...]
    limits: tuple[int, ...]
    what: dict[str, str]


CASES = (
    Case(
        *("ESM_Processor", "_Total", "LoadPercentage", "ESMCPUPERF", 107),
        ("80000064", "C0000065", "80000066", "40000067"),
        (96, 99, 93, 20),
        (95, 99, 96, 92),
        {"en": "the CPU load", "ja": "CPU 負荷率"},
    ),
    Case(
        *("ESM_PhysicalMemory", "PhysicalMemory", "PressurePercentage", "ESMMEMORYUSAGE", 33),
        ("80000070", "C0000071", "80000072", "40000073"),
        (96, 100, 91, 20),
        (95, 99, 95, 90),
        {"en": "the use of physical memory", "ja": "物理メモリ使用率"},
    ),
    Case(
        *("ESM_VirtualMemory", "VirtualMemory", "UsedPercentage", "ESMMEMORYUSAGE", 33),
        ("80000078", "C0000079", "8000007A", "4000007B"),
        (89, 98, 83, 15),
        (85, 92, 88, 80),
        {"en": "the use of virtual memory", "ja": "仮想メモリ使用率"},
    ),
    Case(
        *("ESM_PageFile", "_Total", "UsedPercentage", "ESMMEMORYUSAGE", 33),
        ("80000080", "C0000081", "80000082", "40000083"),
        (82, 96, 75, 10),
        (80, 95, 85, 70),
        {"en": "the use of the page file", "ja": "ページファイル使用率"},
    ),
)
CPU, MEMORY, _, PAGE_FILE = CASES


def watch(agent: RunningAgent, paths: list[pywbem.CIMInstanceName]) -> None:
    """By SetThresholds, by ModifyInstance, and by `esmctl threshold set`."""
    each_second = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}
    with connected(agent) as connection:
        for path in (paths[0], paths[3]):
            assert connection.InvokeMethod("SetThresholds", path, **each_second)[0] == 0
        modified = pywbem.CIMInstance(paths[1].classname, each_second, path=paths[1])
        connection.ModifyInstance(modified, PropertyList=list(each_second))
    words = ["threshold", "set", "ESM_VirtualMemory/VirtualMemory", "--enable", "--interval", "1"]
    words += ["--warning", "85", "--warning-clear", "80", "--critical", "92", "--critical-clear", "88"]
    assert esmctl([*words, "--config", str(agent.config)]) == 0


def path_of(agent: RunningAgent, case: Case) -> pywbem.CIMInstanceName:
    with connected(agent) as connection:
        names = connection.EnumerateInstanceNames(case.classname)
    (found,) = [each for each in names if each["DeviceID"] == case.name]
    return found


def until_state(agent: RunningAgent, path: pywbem.CIMInstanceName, wanted: int) -> pywbem.CIMInstance:
    """The instance, once it is judged so."""

    def look() -> bool:
        with connected(agent) as connection:
            found.append(connection.GetInstance(path))
        return bool(found[-1]["MonitorState"] == wanted)

    found: list[pywbem.CIMInstance] = []
    eventually(look, f"{path} is {wanted}", PATIENCE_S)
    return found[-1]


def move(machine: Machine, number: int) -> None:
    """Virtual memory is memory and page file together, both of one size here."""
    machine.load(CPU.values[number])
    machine.use(memory=MEMORY.values[number], swap=PAGE_FILE.values[number])


@dataclass
class Lines:
    """What the system log has got so far."""

    log: LogSocket
    seen: list[str]

    def about(self, text: str) -> list[str]:
        self.seen += self.log.lines()
        return [line for line in self.seen if text in line]

    def take(self, text: str) -> None:
        eventually(lambda: self.about(text), f"a line of {text}", PATIENCE_S)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_change_is_told_in_full(tmp_path: Path, language: str) -> None:
    machine, seen = Machine(tmp_path), list[Properties]()
    machine.load(10)
    with pywbem_listens(tmp_path) as manager, log_socket(tmp_path) as log:
        settings = f'[syslog]\nsocket = "{log.path}"\n[alerts]\nlanguage = "{language}"\n'
        settings += f'[delivery.trust]\n"{manager.url}" = "{manager.trust}"\n'
        with running_agent(tmp_path / "a", root=machine.root, settings=settings) as agent:
            lines, paths = Lines(log, []), [path_of(agent, case) for case in CASES]
            subscribe(agent, manager.url)
            watch(agent, paths)
            machine.load(10)  # a load needs two readings
            for path in paths:
                until_state(agent, path, NORMAL)
            for number, state in enumerate(STATES):
                move(machine, number)
                for case, path in zip(CASES, paths, strict=True):
                    found = until_state(agent, path, state)
                    assert found[case.shows] == case.values[number]
                    seen.append(manager.next())
                    lines.take(f"ID:{case.events[number]}")
            ask(agent.local_socket, "alert-test", severity="information")
            assert manager.next()["IsTest"] is True
            lines.take("ID:40000708")
            with connected(agent) as connection:
                (system,) = connection.EnumerateInstances("ESM_GeneralInformation")
    assert [each["SequenceNumber"] for each in seen] == list(range(len(STATES) * len(CASES)))
    assert len({each["SequenceContext"] for each in seen}) == 1
    for path, case in zip(paths, CASES, strict=True):
        of_case = [each for each in seen if each["ESMEventID"] in case.events]
        check(case, of_case, language, path, system)
        check_lines([line for line in lines.seen if f"{case.name}: {case.what[language]}" in line], of_case)


def check_lines(lines: list[str], seen: list[Properties]) -> None:
    """FAQ-20, FAQ-21: one line a change, with the text of the indication."""
    assert len(lines) == len(seen), lines
    for line, each in zip(lines, seen, strict=True):
        event = each["ESMEventID"]
        assert line.startswith(f"<{ {'4': 14, '8': 12, 'C': 11}[event[0]] }>")
        assert line.endswith(f" ESMcmn: SRC:{each['SourceName']}, ID:{event}, MSG:{each['Message']}")


def check(
    case: Case, seen: list[Properties], language: str, path: pywbem.CIMInstanceName, system: Any
) -> None:
    """All properties of the four changes of an element."""
    uuids = [each["AlertUUID"] for each in seen]
    assert len(set(uuids)) == len(STATES) == len(seen)
    for number, each in enumerate(seen):
        assert re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", each["AlertUUID"])
        assert pywbem.CIMInstanceName.from_wbem_uri(each["AlertingManagedElement"]) == local(path)
        happened, sent = (each[name].datetime for name in ("EventTime", "IndicationTime"))
        assert 0 <= (sent - happened).total_seconds() < 60
        assert bool(each["ActionAdvice"]) is (number < 3)
        assert each["TrapName"]
        expected = {
            **defined(case, number, language),
            "IndicationIdentifier": each["AlertUUID"],
            "CorrelatedIndications": uuids[:3] if number == 3 else None,
            "RecommendedActions": [each["ActionAdvice"]] if number < 3 else None,
            "SystemName": path["SystemName"],
            "AgentAddress": system["AgentAddress"],
        }
        assert {name: each[name] for name in expected} == expected
        assert set(each) - set(expected) == VARIABLE
    assert len({each["TrapName"] for each in seen}) == len(seen)


VARIABLE = {
    *("AlertUUID", "AlertingManagedElement", "EventTime", "IndicationTime", "ActionAdvice", "TrapName"),
    *("SequenceContext", "SequenceNumber", "IndicationFilterName"),
}


def local(path: pywbem.CIMInstanceName) -> pywbem.CIMInstanceName:
    return pywbem.CIMInstanceName(path.classname, path.keybindings, namespace=ESM)


def defined(case: Case, number: int, language: str) -> dict[str, object]:
    """What the tables say of the change."""
    event, value, limit = case.events[number], case.values[number], case.limits[number]
    text = TEXTS[language][number].format(name=case.name, what=case.what[language], value=value, limit=limit)
    arguments = [case.name, str(value), "%", str(limit)]
    return {
        "PerceivedSeverity": SEVERITIES[number],
        "Description": text,
        "Message": text,
        "MessageArguments": arguments if number < 2 else arguments[:3],
        "MessageID": f"ESM{event}",
        "AlertingElementFormat": 2,
        "AlertType": 3,
        "ProbableCause": 59 if number == 3 else case.cause,
        "Trending": TRENDING[number],
        "EventID": f"{case.source}/{event}",
        "ESMEventID": event,
        "SourceName": case.source,
        "SystemCreationClassName": "CIM_ComputerSystem",
        "ProviderName": "ESMcmn",
        "OwningEntity": "ESM",
        "PreviousState": NORMAL if number == 0 else STATES[number - 1],
        "CurrentState": STATES[number],
        "MonitoredProperty": case.shows,
        "ObservedValue": float(value),
        "ThresholdValue": float(limit),
        "Units": "percent",
        "Replayed": False,
        "IsTest": False,
    }


# -- the system log itself


RSYSLOG = """\
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{log}" CreatePath="on")
module(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")
*.* action(type="omfile" file="{file}")
"""


@contextmanager
def rsyslogd(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Its socket, and the file that it writes."""
    folder.mkdir()
    log, file, settings = folder / "devlog", folder / "messages", folder / "rsyslog.conf"
    settings.write_text(RSYSLOG.format(log=log, file=file))
    words = ["rsyslogd", "-n", "-f", str(settings), "-i", str(folder / "pid")]
    daemon = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(log.exists, "rsyslogd listens", PATIENCE_S)
        yield log, file
    finally:
        daemon.terminate()
        daemon.wait(20)


@pytest.mark.needs("rsyslogd")
def test_a_real_system_log(tmp_path: Path) -> None:
    """FAQ-20: what an administrator finds in /var/log/messages, from the start to the stop of the agent."""
    machine = Machine(tmp_path)
    with rsyslogd(tmp_path / "r") as (log, file):
        settings = f'[syslog]\nsocket = "{log}"\n'
        with running_agent(tmp_path / "a", root=machine.root, settings=settings) as agent:
            path = path_of(agent, MEMORY)
            with connected(agent) as connection:
                given = {"MonitoringEnabled": True, "MonitoringInterval": pywbem.Uint32(1)}
                assert connection.InvokeMethod("SetThresholds", path, **given)[0] == 0
            until_state(agent, path, NORMAL)
            for value, state in zip(MEMORY.values, STATES, strict=True):
                machine.use(memory=value)
                until_state(agent, path, state)
        eventually(lambda: "ID:40000705" in file.read_text("utf-8"), "the stop is logged", PATIENCE_S)
        lines = [line.partition(" ESM")[2] for line in file.read_text("utf-8").splitlines()]
    start, *changes, stop = [re.sub(", MSG:.*", "", line) for line in lines]
    assert changes == [f"cmn: SRC:ESMMEMORYUSAGE, ID:{event}" for event in MEMORY.events]
    assert (start, stop) == tuple(f"ntserver: SRC:ESMCommonService, ID:4000070{n}" for n in (4, 5))
