"""Instances that a provider finds when it is asked for them, and does not enumerate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path as FilePath
from typing import Any

import pytest

from esmd.audit import Audit
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.results import Call, Instances, Result
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import MethodResult, Provider, Row
from openesm.cim.values import TypedValue
from openesm.host import Host
from openesm.settings import Limits
from tests.esmd.wbem.small import ADMIN, DAY, NS, Clock, schema

HIDDEN = Path("T_Thing", (("Id", "hidden"),), NS)
SHOWN = Path("T_Thing", (("Id", "shown"),), NS)


class Hiding:
    """A class of two things, of which reading tells one, and an association that has to be asked."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sought: list[str] = []
        self.level = 1
        things: Provider[Row] = Provider(
            classname="T_Thing",
            namespace=NS,
            read=lambda _: [self.row("shown")],
            instance=lambda row: row,
            find=self.find,
            modify=self.modify,
            methods={"Scale": lambda _, row, __: MethodResult(0, {"Total": len(str(row["Id"]))})},
            may_block=True,
        )
        links: Provider[Row] = Provider(
            classname="T_Link",
            namespace=NS,
            read=lambda _: [],
            instance=lambda row: row,
            refer=self.refer,
            may_block=True,
        )
        keys: Provider[Row] = Provider(
            classname="T_Keys",
            namespace=NS,
            read=lambda _: [{"N": 1, "On": True, "When": DAY, "Name": "x"}],
            instance=lambda row: row,
        )
        host = Host(FilePath("/nowhere"), system_name="server")
        self.repository = Repository(schema(), [things, links, keys], host, now=self.clock)
        audit = Audit(lambda _: None, lambda: 0.0, self.clock)
        self.operations = Operations(self.repository, Enumerations(Limits(), self.clock), audit)

    def row(self, name: str) -> Row:
        return {"Id": name, "Level": self.level}

    def find(self, _host: Host, path: Path) -> Row | None:
        name = str(path.get("Id"))
        self.sought.append(name)
        return self.row(name) if name == "hidden" else None

    def refer(self, _host: Host, path: Path) -> list[Row]:
        self.sought.append(f"of {path.get('Id')}")
        return [{"From": SHOWN, "To": HIDDEN}] if path.get("Id") in ("shown", "hidden") else []

    def modify(self, _host: Host, _row: Row, changes: Row) -> None:
        self.level = int(str(changes["Level"]))

    def perform(self, name: str, target: Path | None = None, **given: Any) -> Any:
        async def wait() -> Result:
            result = self.operations.perform(Call(name, NS, given, target), ADMIN)
            return await result if isinstance(result, Awaitable) else result

        return asyncio.run(wait())


@pytest.fixture
def hiding() -> Hiding:
    return Hiding()


def ids(result: Instances) -> list[object]:
    return [row["Id"] for group in result.groups for row in group.rows]


def test_it_is_found_by_its_name(hiding: Hiding) -> None:
    assert ids(hiding.perform("GetInstance", instancename=HIDDEN)) == ["hidden"]
    assert hiding.sought == ["hidden"]
    assert ids(hiding.perform("GetInstance", instancename=SHOWN)) == ["shown"]
    assert hiding.sought == ["hidden"], "what was read need not be sought"


def test_it_is_sought_anew_when_it_is_old(hiding: Hiding) -> None:
    hiding.perform("GetInstance", instancename=HIDDEN)
    hiding.level = 2
    hiding.clock.seconds += 5
    (group,) = hiding.perform("GetInstance", instancename=HIDDEN).groups
    assert group.rows[0]["Level"] == 2
    hiding.clock.seconds += 5
    assert ids(hiding.perform("EnumerateInstances", classname="T_Thing")) == ["shown"]


def test_none_of_that_name(hiding: Hiding) -> None:
    with pytest.raises(CIMError) as missing:
        hiding.perform("GetInstance", instancename=Path("T_Thing", (("Id", "none"),), NS))
    assert missing.value.status is Status.NOT_FOUND
    assert hiding.sought == ["none"]


def test_a_method_and_a_change_of_it(hiding: Hiding) -> None:
    assert hiding.perform("Scale", target=HIDDEN).result.out == {"Total": 6}
    hiding.clock.seconds += 5
    level = TypedValue(9, "uint16")
    hiding.perform("SetProperty", instancename=HIDDEN, propertyname="Level", newvalue=level)
    (group,) = hiding.perform("GetInstance", instancename=HIDDEN).groups
    assert group.rows[0]["Level"] == 9


def test_associations_that_are_told_when_one_asks(hiding: Hiding) -> None:
    assert ids(hiding.perform("Associators", objectname=SHOWN, assocclass="T_Link")) == ["hidden"]
    references = hiding.perform("References", objectname=HIDDEN, resultclass="T_Link")
    assert len(references.groups[0].rows) == 1
    assert "of shown" in hiding.sought
    assert "of hidden" in hiding.sought


def test_an_association_is_not_asked_about_what_cannot_stand_in_it(hiding: Hiding) -> None:
    names = hiding.perform("EnumerateInstanceNames", classname="T_Keys")
    stranger = names.groups[0].path(names.groups[0].rows[0])
    assert hiding.perform("Associators", objectname=stranger).groups == []
    assert hiding.perform("References", objectname=stranger).groups == []
    assert hiding.sought == []
