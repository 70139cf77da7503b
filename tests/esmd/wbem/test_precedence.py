"""Requests that are wrong in two ways: which of the two is told (DSP0200 5.4.2: 2, 7, 3, 4, 5, 6)."""

from __future__ import annotations

from typing import Any

import pytest

from esmd.wbem.results import Call
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.values import Instance, TypedValue
from tests.esmd.wbem.small import ELSEWHERE, VIEWER, World, thing

NOWHERE = "root/nowhere"
NO_CLASS = Path("T_None", (("Id", "one"),))
PROBLEM = CIMError(Status.INVALID_PARAMETER, "given twice")
NEW = Instance("T_None", {"Colour": TypedValue("red", "string")})


def call(operation: str, ns: str = "root/test", *, problem: CIMError | None = None, **given: Any) -> Call:
    target = given.pop("target", None)
    return Call(operation, ns, given, target, problem)


@pytest.mark.parametrize(
    ("asked", "who", "status"),
    [
        pytest.param(call("DeleteClass"), VIEWER, Status.ACCESS_DENIED, id="2 before 7"),
        pytest.param(
            call("DeleteInstance", NOWHERE, instancename=thing()),
            VIEWER,
            Status.ACCESS_DENIED,
            id="2 before 3",
        ),
        pytest.param(
            call("GetClass", NOWHERE, classname="T_Thing"),
            ELSEWHERE,
            Status.ACCESS_DENIED,
            id="2 before 3, seen",
        ),
        pytest.param(call("CreateInstance"), VIEWER, Status.ACCESS_DENIED, id="2 before 4"),
        pytest.param(call("CreateInstance", newinstance=NEW), VIEWER, Status.ACCESS_DENIED, id="2 before 5"),
        pytest.param(
            call("DeleteInstance", instancename=thing("none")), VIEWER, Status.ACCESS_DENIED, id="2 before 6"
        ),
        pytest.param(
            call("Fly", target=thing()), VIEWER, Status.ACCESS_DENIED, id="2 before 17, no such method"
        ),
        pytest.param(call("DeleteClass", NOWHERE), None, Status.NOT_SUPPORTED, id="7 before 3"),
        pytest.param(call("DeleteClass", problem=PROBLEM), None, Status.NOT_SUPPORTED, id="7 before 4"),
        pytest.param(call("GetClass", NOWHERE), None, Status.INVALID_NAMESPACE, id="3 before 4, missing"),
        pytest.param(
            call("GetClass", NOWHERE, problem=PROBLEM), None, Status.INVALID_NAMESPACE, id="3 before 4, twice"
        ),
        pytest.param(
            call("EnumerateInstances", NOWHERE, classname="T_None"),
            None,
            Status.INVALID_NAMESPACE,
            id="3 before 5",
        ),
        pytest.param(
            call("GetInstance", NOWHERE, instancename=thing("none")),
            None,
            Status.INVALID_NAMESPACE,
            id="3 before 6",
        ),
        pytest.param(call("Fly", NOWHERE, target=thing()), None, Status.INVALID_NAMESPACE, id="3 before 17"),
        pytest.param(
            call("EnumerateInstances", classname="T_None", problem=PROBLEM),
            None,
            Status.INVALID_PARAMETER,
            id="4 before 5",
        ),
        pytest.param(
            call("GetInstance", instancename=thing("none"), problem=PROBLEM),
            None,
            Status.INVALID_PARAMETER,
            id="4 before 6",
        ),
        pytest.param(
            call("GetProperty", instancename=NO_CLASS),
            None,
            Status.INVALID_PARAMETER,
            id="4 before 5, missing",
        ),
        pytest.param(
            call("GetProperty", instancename=NO_CLASS, propertyname="Colour"),
            None,
            Status.INVALID_CLASS,
            id="5 before 12",
        ),
        pytest.param(
            call("CreateInstance", newinstance=NEW), None, Status.INVALID_CLASS, id="5 before 4, inside"
        ),
        pytest.param(
            call("GetProperty", instancename=thing("none"), propertyname="Colour"),
            None,
            Status.NOT_FOUND,
            id="6 before 12",
        ),
        pytest.param(call("Fly", target=NO_CLASS), None, Status.INVALID_CLASS, id="5 before 17"),
        pytest.param(
            call("OpenEnumerateInstances", classname="T_None", operationtimeout=0),
            None,
            Status.INVALID_OPERATION_TIMEOUT,
            id="22 before 5",
        ),
        pytest.param(
            call("OpenEnumerateInstances", NOWHERE, classname="T_Thing", continueonerror=True),
            None,
            Status.INVALID_NAMESPACE,
            id="3 before 26",
        ),
        pytest.param(
            call("ExecQuery", NOWHERE, query="?", querylanguage="none"),
            None,
            Status.INVALID_NAMESPACE,
            id="3 before 14",
        ),
        pytest.param(
            call("ExecQuery", query="?", querylanguage="none"),
            None,
            Status.QUERY_LANGUAGE_NOT_SUPPORTED,
            id="14 before 15",
        ),
    ],
)
def test_which_error_is_told(asked: Call, who: Any, status: Status) -> None:
    world = World()
    with pytest.raises(CIMError) as refused:
        world.carry_out(asked, *([who] if who else []))
    assert refused.value.status is status


def test_rights_in_a_namespace_say_nothing_of_others() -> None:
    """Somebody who may not be here learns nothing of what is here, and interop stays open to all."""
    world = World()
    for operation, given in (("EnumerateClassNames", {}), ("GetInstance", {"instancename": thing("none")})):
        assert world.outcome(operation, who=ELSEWHERE, **given) is Status.ACCESS_DENIED
    assert world.perform("EnumerateClassNames", ns="interop", who=ELSEWHERE).names
