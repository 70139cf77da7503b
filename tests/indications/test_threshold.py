"""Stories of values and the states that they mean."""

from __future__ import annotations

import pytest

from indications.threshold import Threshold, Watch, step
from openesm.model import State

U, N, W, C = State
CPU = Threshold(warning=95, warning_clear=92, critical=99, critical_clear=96)
HELD = Threshold(warning=95, warning_clear=92, critical=99, critical_clear=96, hold=3)
FREE = Threshold(warning=10, warning_clear=12, critical=1, critical_clear=2, low_is_bad=True)


@pytest.mark.parametrize(
    ("rule", "readings", "expected"),
    [
        pytest.param(CPU, [50, 95, 99], [N, W, C], id="rises through both limits"),
        pytest.param(CPU, [50, 99], [N, C], id="jumps to critical"),
        pytest.param(CPU, [95, 94, 92, 91], [W, W, W, N], id="flutter above the clear value stays"),
        pytest.param(CPU, [99, 97, 96, 95.9], [C, C, C, W], id="critical clears below its own value"),
        pytest.param(CPU, [99, 91], [C, N], id="critical to normal at once"),
        pytest.param(CPU, [95, None, None, 95], [W, W, W, W], id="two failures change nothing"),
        pytest.param(CPU, [95, None, None, None, 50], [W, W, W, U, N], id="three failures are unknown"),
        pytest.param(CPU, [None, None, None, 99], [U, U, U, C], id="judged afresh after unknown"),
        pytest.param(HELD, [50, 95, 96, 97], [N, N, N, W], id="three readings in a row go up"),
        pytest.param(HELD, [50, 95, 96, 90, 95, 95, 95], [N, N, N, N, N, N, W], id="a good one starts over"),
        pytest.param(HELD, [95, 95, 95, 91], [U, U, W, N], id="one reading goes down"),
        pytest.param(FREE, [50, 10, 1], [N, W, C], id="low is bad"),
        pytest.param(FREE, [1, 1.5, 2, 2.1], [C, C, C, W], id="low critical clears above its value"),
        pytest.param(FREE, [10, 12, 12.1], [W, W, N], id="low warning clears above its value"),
    ],
)
def test_states(rule: Threshold, readings: list[float | None], expected: list[State]) -> None:
    watch, states = Watch(), []
    for value in readings:
        watch = step(rule, watch, value)
        states.append(watch.state)
    assert states == expected


@pytest.mark.parametrize(
    ("rule", "consistent"),
    [
        pytest.param(CPU, True, id="shipped"),
        pytest.param(FREE, True, id="shipped, low"),
        pytest.param(Threshold(95, 0, 99, 96), False, id="clear value of nothing"),
        pytest.param(Threshold(95, 96, 99, 96), False, id="clear above warning"),
        pytest.param(Threshold(95, 92, 95, 95), False, id="critical not above warning"),
        pytest.param(Threshold(95, 92, 99, 94), False, id="critical clears below warning"),
        pytest.param(Threshold(95, 92, 99, 100), False, id="critical clears above critical"),
        pytest.param(Threshold(95, 92, 99, 96, hold=0), False, id="no reading"),
        pytest.param(Threshold(10, 9, 1, 2, low_is_bad=True), False, id="low clear under warning"),
        pytest.param(Threshold(10, 12, 10, 10, low_is_bad=True), False, id="low critical not under warning"),
        pytest.param(Threshold(10, 12, 1, 11, low_is_bad=True), False, id="low critical clears over warning"),
    ],
)
def test_order_of_limits(rule: Threshold, consistent: bool) -> None:
    assert rule.is_consistent is consistent
