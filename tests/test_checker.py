"""The judge finds a planted fault of each kind, and no other."""

import dataclasses
from itertools import permutations

import pytest

from tests.checker import Told, Verdict, check

A = [Told("a", "run", number, f"uuid{number}") for number in range(4)]
B = [dataclasses.replace(told, destination="b") for told in A]
SENT = [told for pair in zip(A, B, strict=True) for told in pair]
OTHER_CONTEXT = dataclasses.replace(A[1], context="run2", number=0)
STRANGER = Told("a", "run", 9, "uuid9")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(SENT, Verdict(), id="all is well"),
        pytest.param(A + B, Verdict(), id="destinations do not wait for each other"),
        pytest.param([A[0], *A[2:], *B], Verdict(lost=(A[1],)), id="lost"),
        pytest.param([*A[:3], *B], Verdict(lost=(A[3],)), id="lost at the end"),
        pytest.param([], Verdict(lost=tuple(SENT)), id="nothing came"),
        pytest.param([*A[:2], A[1], *A[2:], *B], Verdict(duplicated=(A[1],)), id="a retry came twice"),
        pytest.param(
            [*A[:2], OTHER_CONTEXT, *A[2:], *B], Verdict(renumbered=(OTHER_CONTEXT,)), id="twice, renumbered"
        ),
        pytest.param([A[0], A[2], A[1], A[3], *B], Verdict(reordered=(A[1],)), id="reordered"),
        pytest.param([*A, STRANGER, *B], Verdict(phantom=(STRANGER,)), id="never sent"),
        pytest.param(
            [A[0], OTHER_CONTEXT, *A[2:], *B],
            Verdict(lost=(A[1],), phantom=(OTHER_CONTEXT,)),
            id="sent with another number",
        ),
        pytest.param(
            [*A, dataclasses.replace(A[0], destination="c"), *B],
            Verdict(phantom=(dataclasses.replace(A[0], destination="c"),)),
            id="at a destination it was not sent to",
        ),
    ],
)
def test_verdict(seen: list[Told], expected: Verdict) -> None:
    verdict = check(SENT, seen)
    assert verdict == expected
    legal = dataclasses.replace(verdict, duplicated=())
    assert verdict.is_good == (legal == Verdict())


def test_a_new_context_after_a_restart_is_in_order() -> None:
    after = [Told("a", "run2", number, f"later{number}") for number in range(2)]
    assert check([*A, *after], [*A, *after]) == Verdict()
    assert check([*A, *after], [*A[:3], after[0], A[3], after[1]]).reordered == (A[3],)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_wrong_order_is_seen(order: tuple[int, ...]) -> None:
    verdict = check(A, [A[place] for place in order])
    assert bool(verdict.reordered) == (list(order) != sorted(order))
    assert not verdict.lost
