"""Readings of providers: kept while fresh, made once for all who wait, completed by the schema."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any

import pytest

from esmd.wbem.repository import Repository
from esmd.wbem.source import Source
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import Provider
from openesm.cim.values import DateTime
from openesm.host import Host
from tests.esmd.wbem.small import DAY, INTEROP, NS, SYSTEM, Clock, World, schema, thing

FRESHNESS_S = 2.0


class Counting:
    """A provider of T_Slow that counts how often it is read."""

    def __init__(self, *, may_block: bool = False, work: Callable[[], None] = lambda: None) -> None:
        self.reads = 0
        self.shown: list[str] = ["a"]
        self.version: object = None
        self._work = work
        self.clock = Clock()
        provider: Provider[str] = Provider(
            classname="T_Slow",
            namespace=NS,
            read=self._read,
            instance=lambda name: {"Id": name, "Reads": 0},
            version=self._version,
            may_block=may_block,
        )
        host = Host(FilePath("/nowhere"), system_name=SYSTEM)
        self.repository = Repository(schema(), [provider], host, FRESHNESS_S, self.clock)
        found = self.repository.source(NS, "t_slow")
        assert found is not None
        self.source: Source = found

    def _version(self) -> object:
        return self.version

    def _read(self, _: Host) -> list[str]:
        self.reads += 1
        self._work()
        return list(self.shown)


def test_a_reading_is_shared_until_it_is_too_old() -> None:
    counting = Counting()
    reads = []
    for at in (0.0, 1.9, 2.0, 2.1, 4.0, 4.2):
        counting.clock.seconds = 1000.0 + at
        assert counting.repository.stale([counting.source]) == []
        reads.append(counting.reads)
    assert reads == [1, 1, 1, 2, 2, 3]


def test_an_equal_reading_keeps_the_old_group_and_another_does_not() -> None:
    counting = Counting()
    groups = []
    for shown in (["a"], ["a"], ["b"]):
        counting.shown = shown
        counting.clock.seconds += 10
        counting.repository.stale([counting.source])
        groups.append(counting.source.group)
    assert groups[0] is groups[1]
    assert groups[1] is not groups[2]


def test_after_a_change_the_next_request_reads_anew() -> None:
    counting = Counting()
    counting.repository.stale([counting.source])
    counting.repository.invalidate(counting.source)
    counting.repository.stale([counting.source])
    assert counting.reads == 2


def test_what_says_that_it_has_changed_is_read_anew() -> None:
    counting = Counting()
    reads = []
    for version in ("book 1", "book 1", "book 2"):
        counting.version = version
        counting.repository.stale([counting.source])
        reads.append(counting.reads)
    assert reads == [1, 1, 2]


def test_what_may_block_is_left_to_those_who_may_wait() -> None:
    counting = Counting(may_block=True)
    assert counting.repository.stale([counting.source]) == [counting.source]
    assert counting.reads == 0
    asyncio.run(counting.repository.refresh([counting.source]))
    assert counting.reads == 1
    assert counting.repository.stale([counting.source]) == []


def test_all_who_wait_share_one_reading() -> None:
    gate = threading.Event()
    counting = Counting(may_block=True, work=lambda: void(gate.wait(10)))

    async def crowd() -> None:
        waiting = [asyncio.ensure_future(counting.repository.refresh([counting.source])) for _ in range(20)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*waiting)

    asyncio.run(crowd())
    assert counting.reads == 1


def test_one_who_gives_up_leaves_the_reading_to_the_others() -> None:
    gate = threading.Event()
    counting = Counting(may_block=True, work=lambda: void(gate.wait(10)))

    async def two() -> None:
        first = asyncio.ensure_future(counting.repository.refresh([counting.source]))
        second = asyncio.ensure_future(counting.repository.refresh([counting.source]))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        gate.set()
        await second

    asyncio.run(two())
    assert counting.reads == 1
    assert len(counting.source.group.rows) == 1


def void(_: object) -> None:
    """For lambdas that are called for their effect."""


@pytest.mark.parametrize("operation", ["EnumerateInstances", "EnumerateInstanceNames"])
def test_a_provider_that_fails_fails_alone(operation: str, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with caplog.at_level(logging.ERROR, "openesm.provider"):
        for _ in range(3):
            assert world.outcome(operation, classname="T_Broken") is Status.FAILED
    assert [record.message for record in caplog.records] == ["provider of T_Broken failed"]
    assert world.perform("EnumerateInstances", classname="T_Thing").groups[0].rows


def test_a_blocking_provider_that_fails_fails_alone_and_may_recover() -> None:
    failing = [True]

    def work() -> int:
        if failing:
            raise OSError("no medium")
        return 5

    world = World(slow=work)
    assert world.outcome("EnumerateInstances", classname="T_Slow") is Status.FAILED
    failing.clear()
    assert world.perform("EnumerateInstances", classname="T_Slow").groups[0].rows[0]["Reads"] == 5


def test_a_cim_error_of_a_provider_is_passed_on() -> None:
    def work() -> int:
        raise CIMError(Status.ACCESS_DENIED, "not for you")

    assert World(slow=work).outcome("EnumerateInstances", classname="T_Slow") is Status.ACCESS_DENIED


def test_a_key_that_is_null_is_a_failing_provider() -> None:
    world = World(all_rows=[{"Id": None}])
    assert world.outcome("EnumerateInstances", classname="T_All") is Status.FAILED


def test_rows_are_completed_by_the_schema() -> None:
    row = World().perform("EnumerateInstances", classname="T_Slow").groups[0].rows[0]
    assert row == {"Id": "slow", "Label": "none", "Reads": 1}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("root/test", NS, id="its name"),
        pytest.param("/Root/TEST/", NS, id="case and slashes"),
        pytest.param("interop", INTEROP, id="interop"),
        pytest.param("root/PG_InterOp", INTEROP, id="root/PG_InterOp"),
        pytest.param("root/interop", INTEROP, id="root/interop"),
    ],
)
def test_names_of_a_namespace(name: str, found: str) -> None:
    assert World().repository.namespace(name).name == found


@pytest.mark.parametrize("name", ["", "root", "root/test/more", "root//test", "pg_interop", "root\\test"])
def test_no_namespace(name: str) -> None:
    with pytest.raises(CIMError) as refused:
        World().repository.namespace(name)
    assert refused.value.status is Status.INVALID_NAMESPACE


@pytest.mark.parametrize(
    ("called", "spelled"),
    [("ROOT/Test", NS), ("interop", "interop"), ("root/pg_interop", "root/PG_InterOp"), (INTEROP, INTEROP)],
)
def test_an_alias_is_spelled_as_its_users_know_it(called: str, spelled: str) -> None:
    assert World().repository.spelling(called) == spelled


KEYS: dict[str, Any] = {"N": 7, "On": True, "When": DAY, "Name": 'q"\\'}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({}, True, id="as they are"),
        pytest.param({"N": "7"}, True, id="number as a string"),
        pytest.param({"N": "0x7"}, True, id="number in hex"),
        pytest.param({"On": "tRue"}, True, id="boolean as a string"),
        pytest.param({"When": DAY.text}, True, id="datetime as a string"),
        pytest.param({"N": 8}, False, id="another number"),
        pytest.param({"N": "seven"}, False, id="no number"),
        pytest.param({"N": True}, False, id="boolean for a number"),
        pytest.param({"On": "maybe"}, False, id="no boolean"),
        pytest.param({"When": "yesterday"}, False, id="no datetime"),
        pytest.param({"When": DateTime.parse("00000002000000.000000:000")}, False, id="another datetime"),
        pytest.param({"Name": 'Q"\\'}, False, id="case of a string"),
        pytest.param({"More": 1}, False, id="one key too many"),
    ],
)
def test_keys_in_a_clients_spelling(changed: dict[str, Any], found: bool) -> None:
    keys = {name.upper(): value for name, value in reversed({**KEYS, **changed}.items())}
    outcome = World().outcome("GetInstance", instancename=Path.of("t_keys", keys))
    assert outcome is Status.NOT_FOUND if not found else outcome.groups[0].rows[0]["N"] == 7


def test_a_single_key_needs_no_name() -> None:
    world = World()
    unnamed = Path("T_Thing", (("", "two"),))
    assert world.perform("GetInstance", instancename=unnamed).groups[0].rows[0]["Serial"] == "S2"
    assert world.outcome("GetInstance", instancename=Path("T_Keys", (("", 7),))) is Status.NOT_FOUND


def test_intervals_and_times_of_a_provider_serve_as_keys() -> None:
    """A provider may give a timedelta or an aware datetime wherever the class says datetime."""
    world = World()
    source = world.repository.source(NS, "T_Keys")
    assert source is not None
    source.keep([7], [{**KEYS, "When": timedelta(days=1)}], world.clock(), 1.0)
    names = world.perform("EnumerateInstanceNames", classname="T_Keys")
    path = names.groups[0].path(names.groups[0].rows[0])
    assert path.get("When") == DAY
    assert world.perform("GetInstance", instancename=path).groups[0].rows[0]["N"] == 7


def test_a_provider_of_an_unknown_class_is_a_defect() -> None:
    stray: Provider[str] = Provider(
        classname="T_Stray", namespace=NS, read=lambda _: [], instance=lambda _: {}
    )
    with pytest.raises(LookupError, match="T_Stray"):
        Repository(schema(), [stray], Host(FilePath("/nowhere")))


def test_a_system_class_carries_the_system_in_its_keys() -> None:
    path = World().perform("GetInstance", instancename=thing()).groups[0]
    assert str(path.path(path.rows[0])) == 'root/test:T_Thing.Id="one"'
