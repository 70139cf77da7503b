"""What docs/correlation.md shows is true: its definitions, its groups, its options, its decisions."""

from __future__ import annotations

import re

from indications.correlation.deciding import Failed, Succeeded
from indications.correlation.definition import Definition
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.groups import read_groups
from indications.correlation.reading import read
from indications.correlation.starting import Options
from tests.running import PROJECT

DOCS = (PROJECT / "docs" / "correlation.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)


def recipes() -> dict[str, Definition]:
    found = [read(text if "VERSION" in text else f"VERSION=2\n{text}", "docs") for text in blocks("text")]
    return {each.name: Definition(2, (each,)) for definition in found for each in definition.conditions}


def outcome(name: str, *events: tuple[float, dict[str, str]]) -> list[str]:
    """`success` and `fail`, with what the event says, until a day later."""
    engine, decided = Engine(recipes()[name]), []
    for number, (at, attributes) in enumerate(events, 1):
        decided += engine.step(Event(number, at, attributes))
    decided += engine.expire(1e6)
    ended = [each.event for each in decided if isinstance(each, Succeeded | Failed)]
    return [each.attributes["B.MESSAGE"] for each in ended if each is not None]


def test_r_95_absence() -> None:
    started, finished = {"E.K": "backup-started"}, {"E.K": "backup-finished"}
    assert outcome("backup", (0, started), (14_400, finished)) == []
    assert outcome("backup", (0, started), (14_401, finished)) == ["the backup did not finish"]


def test_bursts_and_flapping() -> None:
    failed = [(float(at), {"E.K": "login-failed", "B.SOURCESERVER": "h"}) for at in range(5)]
    assert outcome("logins", *failed[:4]) == []
    assert outcome("logins", *failed) == ["many failed logins"]
    states = [
        (float(at), {"E.ESM_STATE": state, "E.OBJECT_TYPE": "t", "E.OBJECT_NAME": "n"})
        for at, state in enumerate(["CRITICAL", "NORMAL"] * 3)
    ]
    assert outcome("flapping", *states) == ["it comes and goes"]


def test_one_alert_for_an_outage() -> None:
    failed = [
        (float(at), {"E.SEVERITY": "Error", "B.SOURCESERVER": f"host{name}"}) for at, name in enumerate("CAB")
    ]
    assert outcome("outage", *failed) == ["all three hosts have failed"]


def test_the_first_definition() -> None:
    disk = {"E.OBJECT_TYPE": "ESM_FileSystemThread", "E.SEVERITY": "Error", "E.OBJECT_NAME": "/data"}
    memory = {"E.OBJECT_TYPE": "ESM_PhysicalMemory", "E.SEVERITY": "Warning"}
    both = [(float(at), {**each, "B.SOURCESERVER": "h"}) for at, each in enumerate((memory, disk))]
    assert outcome("disk-and-memory", *both) == ["/data and the memory of h"]


def test_groups() -> None:
    (text,) = blocks("toml")
    groups = read_groups(text)
    assert groups.belongs("DB1", "/sales")
    assert not groups.belongs("web1", "/sales/db")
    assert groups.is_foreign("alice", "web1")
    assert not groups.is_foreign("alice", "db1")
    assert not groups.is_foreign("bob", "web1")


def test_every_option_is_there() -> None:
    for name in Options().as_json():
        assert f"--{name.replace('_', '-')}" in DOCS, name


def test_every_decision_is_there() -> None:
    assert re.findall(r"^\| (Q-[0-9]+) \|", DOCS, re.MULTILINE) == [f"Q-{number}" for number in range(1, 13)]
