"""What the listener makes of sequence numbers (DSP1054 7.10)."""

from __future__ import annotations

import pytest

from esmctl.listener.sequence import WRAP, Finding, Sequences, Totals

K, G, D, R = Finding.IN_ORDER, Finding.GAP, Finding.DUPLICATE, Finding.REORDERED
LAST = WRAP - 1


@pytest.mark.parametrize(
    ("numbers", "findings", "lost", "late", "duplicates"),
    [
        pytest.param([1, 2, 3], [K] * 3, 0, 0, 0, id="in order"),
        pytest.param([2], [G], 1, 0, 0, id="gap"),
        pytest.param([5, 9], [G, G], 7, 0, 0, id="gaps"),
        pytest.param([1, 1, 2], [K, D, K], 0, 0, 1, id="duplicate"),
        pytest.param([0, 1], [D, K], 0, 0, 1, id="the first again"),
        pytest.param([2, 1, 3], [G, R, K], 0, 1, 0, id="two swapped"),
        pytest.param([4, 2, 2, 3, 1], [G, R, D, R, R], 0, 3, 1, id="a gap filled from the middle"),
        pytest.param([10, 1, 9], [G, R, R], 7, 2, 0, id="a gap filled at its ends"),
    ],
)
def test_sequences(
    numbers: list[int], findings: list[Finding], lost: int, late: int, duplicates: int
) -> None:
    for start in 0, 7, LAST, LAST - 2:
        sequences = Sequences()
        assert sequences.arrived("host", "run", start).finding is Finding.FIRST
        got = [sequences.arrived("host", "run", (start + number) % WRAP).finding for number in numbers]
        assert got == findings
        assert sequences.totals() == Totals(len(numbers) + 1, 0, duplicates, late, lost)


def test_senders_and_contexts_are_apart() -> None:
    sequences = Sequences()
    keys = [("one", "run"), ("two", "run"), ("one", "run2")]
    arrivals = [sequences.arrived(*key, number) for number in range(3) for key in keys]
    assert {arrival.finding for arrival in arrivals[3:]} == {Finding.IN_ORDER}
    for context, number in (None, 1), ("", 1), ("run", None), ("run", -1):
        assert sequences.arrived("one", context, number).finding is Finding.UNNUMBERED
    assert sequences.totals() == Totals(received=13, unnumbered=4)


def test_hostile_numbers_cost_no_memory() -> None:
    sequences = Sequences()
    for number in range(5000):
        sequences.arrived("host", "run", number * 3)
        sequences.arrived("host", f"run{number}", 0)
    assert sequences.arrived("host", "run", 2**61).missing == 2**61 - 4999 * 3 - 1
