"""Pulled enumerations on a clock that only the test moves (wbem standards E01 to E08)."""

from __future__ import annotations

from typing import Any

import pytest

from esmd.auth.principal import Principal
from esmd.auth.users import Role
from esmd.wbem.enumeration import IDLE_PULLS
from openesm.cim.errors import Status
from openesm.settings import Limits
from tests.esmd.wbem.small import ADMIN, INTEROP, VIEWER, World, paths, principal, thing

TIMEOUT_S = 30
LIMITS = Limits(
    contexts=6,
    contexts_per_user=4,
    pull_objects=10,
    operation_timeout_s=TIMEOUT_S,
    operation_timeout_max_s=60,
)
KINDS = {
    "instances": ("OpenEnumerateInstances", "PullInstancesWithPath"),
    "paths": ("OpenEnumerateInstancePaths", "PullInstancePaths"),
}


@pytest.fixture
def world() -> World:
    things: dict[str, dict[str, Any]] = {f"t{number}": {"Level": number} for number in range(7)}
    return World(limits=LIMITS, things=things)


def begin(world: World, kind: str = "paths", who: Principal = ADMIN, **given: Any) -> Any:
    return world.perform(KINDS[kind][0], who=who, classname="T_Thing", **given)


def outcome(world: World, context: str, *, kind: str = "paths", most: int = 2, **given: Any) -> Any:
    return world.outcome(KINDS[kind][1], enumerationcontext=context, maxobjectcount=most, **given)


# -- parts (E01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "then", "sizes"),
    [
        pytest.param(None, 3, [0, 3, 3, 1], id="open gives none by default"),
        pytest.param(0, 7, [0, 7], id="all at once"),
        pytest.param(3, 2, [3, 2, 2], id="ends with a full part"),
        pytest.param(7, 1, [7], id="ended at once"),
        pytest.param(10, 1, [7], id="more than there are"),
        pytest.param(1, 10, [1, 6], id="rest"),
    ],
)
def test_parts(world: World, kind: str, first: int | None, then: int, sizes: list[int]) -> None:
    part = begin(world, kind, maxobjectcount=first)
    parts = [part]
    while not part.ended:
        part = outcome(world, part.context, kind=kind, most=then)
        parts.append(part)
    assert [len(paths(part)) for part in parts] == sizes
    assert [name for part in parts for name in paths(part)] == paths(
        world.perform("EnumerateInstanceNames", classname="T_Thing")
    )
    assert len(world.enumerations) == 0


def test_a_class_without_instances_ends_at_once(world: World) -> None:
    opened = world.perform("OpenEnumerateInstances", classname="T_Part")
    assert (opened.ended, paths(opened)) == (True, [])


def test_what_changes_meanwhile_does_not_change_the_sequence(world: World) -> None:
    opened = begin(world, maxobjectcount=1)
    world.things.clear()
    world.clock.seconds += 5
    assert len(paths(outcome(world, opened.context, most=10))) == 6


def test_parts_across_classes(world: World) -> None:
    opened = world.perform("OpenEnumerateInstancePaths", classname="T_Base", maxobjectcount=2)
    rest = outcome(world, opened.context, most=10)
    assert paths(opened) == ['root/test:T_All.Id="full"', 'root/test:T_All.Id="empty"']
    assert paths(rest)[0] == 'root/test:T_More.Id="m"'
    assert rest.ended
    assert len(paths(rest)) == 9


@pytest.mark.parametrize("operation", ["OpenEnumerateInstances", "PullInstancesWithPath"])
def test_more_objects_than_the_server_gives(world: World, operation: str) -> None:
    given = (
        {"classname": "T_Thing"}
        if operation.startswith("Open")
        else {"enumerationcontext": begin(world, "instances").context}
    )
    assert world.outcome(operation, maxobjectcount=11, **given) is Status.SERVER_LIMITS_EXCEEDED
    assert not isinstance(world.outcome(operation, maxobjectcount=10, **given), Status)


@pytest.mark.parametrize("missing", ["enumerationcontext", "maxobjectcount"])
def test_a_pull_needs_both_parameters(world: World, missing: str) -> None:
    given = {"enumerationcontext": begin(world).context, "maxobjectcount": 1}
    del given[missing]
    assert world.outcome("PullInstancePaths", **given) is Status.INVALID_PARAMETER


# -- contexts (E02, E03)


def test_contexts_are_long_and_never_the_same(world: World) -> None:
    contexts = {begin(world, who=principal(f"u{n}", Role.VIEWER)).context for n in range(6)}
    assert len(contexts) == 6
    assert min(map(len, contexts)) >= 32


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        pytest.param("paths", {"who": VIEWER}, id="another user"),
        pytest.param("paths", {"ns": INTEROP}, id="another namespace"),
        pytest.param("paths", {"kind": "instances"}, id="instances of a sequence of paths"),
        pytest.param("instances", {"kind": "paths"}, id="paths of a sequence of instances"),
        pytest.param("paths", {"context": "guessed"}, id="another context"),
        pytest.param("paths", {"context": ""}, id="no context"),
    ],
)
def test_a_context_is_bound(world: World, kind: str, changed: dict[str, Any]) -> None:
    opened = begin(world, kind)
    asked = {"context": opened.context, "kind": kind, **changed}
    assert outcome(world, **asked) is Status.INVALID_ENUMERATION_CONTEXT
    assert len(paths(outcome(world, opened.context, kind=kind))) == 2, "nobody was harmed"


@pytest.mark.parametrize("name", ["PullInstances", "PullInstancesWithPath"])
def test_a_query_is_pulled_by_its_own_operation_only(world: World, name: str) -> None:
    opened = world.perform(
        "OpenQueryInstances", filterquery="SELECT * FROM T_Thing", filterquerylanguage="DMTF:CQL"
    )
    pulled = world.outcome(name, enumerationcontext=opened.context, maxobjectcount=2)
    assert (pulled is Status.INVALID_ENUMERATION_CONTEXT) is (name == "PullInstancesWithPath")


def test_the_same_namespace_by_another_name(world: World) -> None:
    opened = world.perform("OpenEnumerateInstancePaths", ns="interop", classname="I_Standard")
    pulled = outcome(world, opened.context, ns="root/PG_InterOp")
    assert paths(pulled) == ['root/interop:I_Standard.InstanceID="profile"']


@pytest.mark.parametrize("ending", ["pulled to its end", "closed"])
def test_an_ended_context_is_gone(world: World, ending: str) -> None:
    opened = begin(world)
    if ending == "closed":
        world.perform("CloseEnumeration", enumerationcontext=opened.context)
    else:
        assert outcome(world, opened.context, most=7).ended
    assert outcome(world, opened.context) is Status.INVALID_ENUMERATION_CONTEXT
    for operation in ("CloseEnumeration", "EnumerationCount"):
        assert (
            world.outcome(operation, enumerationcontext=opened.context) is Status.INVALID_ENUMERATION_CONTEXT
        )


@pytest.mark.parametrize("changed", [{"who": VIEWER}, {"ns": INTEROP}], ids=["user", "namespace"])
@pytest.mark.parametrize("operation", ["CloseEnumeration", "EnumerationCount"])
def test_others_cannot_close_or_count(world: World, operation: str, changed: dict[str, Any]) -> None:
    opened = begin(world)
    refused = world.outcome(operation, enumerationcontext=opened.context, **changed)
    assert refused is Status.INVALID_ENUMERATION_CONTEXT
    assert len(world.enumerations) == 1


def test_count_of_what_is_left(world: World) -> None:
    opened = begin(world, maxobjectcount=2)
    assert world.perform("EnumerationCount", enumerationcontext=opened.context).count == 5
    outcome(world, opened.context)
    assert world.perform("EnumerationCount", enumerationcontext=opened.context).count == 3


# -- time (E04, E05)


@pytest.mark.parametrize(
    ("asked", "lives_s"),
    [
        pytest.param(None, TIMEOUT_S, id="default"),
        pytest.param(1, 1, id="shortest"),
        pytest.param(60, 60, id="longest"),
    ],
)
def test_a_context_lives_until_its_timeout(world: World, asked: int | None, lives_s: int) -> None:
    opened = begin(world, operationtimeout=asked)
    for _ in range(2):
        world.clock.seconds += lives_s - 0.5
        assert len(paths(outcome(world, opened.context, most=1))) == 1
    world.clock.seconds += lives_s
    assert outcome(world, opened.context) is Status.INVALID_ENUMERATION_CONTEXT


@pytest.mark.parametrize("asked", [0, 61, 2**32 - 1])
def test_timeouts_that_are_not_granted(world: World, asked: int) -> None:
    refused = world.outcome("OpenEnumerateInstances", classname="T_Thing", operationtimeout=asked)
    assert refused is Status.INVALID_OPERATION_TIMEOUT
    assert len(world.enumerations) == 0


def test_counting_does_not_keep_a_context_alive(world: World) -> None:
    opened = begin(world)
    world.clock.seconds += TIMEOUT_S - 1
    world.perform("EnumerationCount", enumerationcontext=opened.context)
    world.clock.seconds += 1
    assert outcome(world, opened.context) is Status.INVALID_ENUMERATION_CONTEXT


def test_a_refused_pull_does_not_keep_a_context_alive(world: World) -> None:
    opened = begin(world)
    world.clock.seconds += TIMEOUT_S - 1
    outcome(world, opened.context, kind="instances")
    outcome(world, opened.context, who=VIEWER)
    world.clock.seconds += 1
    assert outcome(world, opened.context) is Status.INVALID_ENUMERATION_CONTEXT


def test_pulls_of_nothing_keep_a_context_alive_but_not_for_ever(world: World) -> None:
    opened = begin(world)
    for _ in range(IDLE_PULLS):
        world.clock.seconds += TIMEOUT_S - 1
        assert paths(outcome(world, opened.context, most=0)) == []
    assert outcome(world, opened.context, most=0) is Status.SERVER_LIMITS_EXCEEDED
    assert len(world.enumerations) == 0


def test_a_real_pull_starts_the_count_of_idle_ones_anew(world: World) -> None:
    opened = begin(world)
    for _ in range(2):
        for _ in range(IDLE_PULLS):
            outcome(world, opened.context, most=0)
        assert len(paths(outcome(world, opened.context, most=1))) == 1


# -- bounds (E06, E08)


def test_a_user_holds_only_so_many_contexts(world: World) -> None:
    for _ in range(LIMITS.contexts_per_user):
        begin(world)
    assert world.outcome("OpenEnumerateInstancePaths", classname="T_Thing") is Status.SERVER_LIMITS_EXCEEDED
    assert not begin(world, who=VIEWER).ended


def test_all_users_hold_only_so_many_contexts(world: World) -> None:
    for number in range(LIMITS.contexts):
        begin(world, who=principal(f"u{number}", Role.VIEWER))
    refused = world.outcome("OpenEnumerateInstancePaths", who=VIEWER, classname="T_Thing")
    assert refused is Status.SERVER_LIMITS_EXCEEDED
    world.clock.seconds += TIMEOUT_S
    assert not begin(world, who=VIEWER).ended
    assert len(world.enumerations) == 1


def test_a_result_that_fits_needs_no_context(world: World) -> None:
    for _ in range(LIMITS.contexts_per_user):
        begin(world)
    assert begin(world, maxobjectcount=7).ended


def test_continue_on_error_is_refused(world: World) -> None:
    given: dict[str, Any] = {"classname": "T_Thing", "continueonerror": True}
    refused = world.outcome("OpenEnumerateInstances", **given)
    assert refused is Status.CONTINUATION_ON_ERROR_NOT_SUPPORTED
    assert begin(world, continueonerror=False, maxobjectcount=7).ended


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        pytest.param(("DMTF:FQL", "Level >= 5"), {"t5", "t6"}, id="filter"),
        pytest.param(("DMTF:FQL", "Level > 100"), set(), id="accepts none"),
        pytest.param(("DMTF:XPATH", "Level > 1"), Status.QUERY_LANGUAGE_NOT_SUPPORTED, id="language"),
        pytest.param(("DMTF:FQL", "Level >"), Status.INVALID_QUERY, id="syntax"),
        pytest.param(("DMTF:FQL", None), Status.INVALID_PARAMETER, id="language without a filter"),
        pytest.param((None, "Level > 1"), Status.INVALID_PARAMETER, id="filter without a language"),
    ],
)
@pytest.mark.parametrize("operation", ["OpenEnumerateInstances", "OpenEnumerateInstancePaths"])
def test_filters(
    world: World, operation: str, filter_: tuple[str | None, str | None], expected: set[str] | Status
) -> None:
    names = ("filterquerylanguage", "filterquery")
    given = {name: value for name, value in zip(names, filter_, strict=True) if value is not None}
    found = world.outcome(operation, classname="T_Thing", maxobjectcount=10, **given)
    if isinstance(expected, Status):
        assert found is expected
    else:
        assert paths(found) == [str(thing(name, "root/test")) for name in sorted(expected)]
