import pytest

from indications.delivery.retry import is_given_up, next_delay

HOURS_72 = 72 * 3600


@pytest.mark.parametrize(
    ("attempt", "interval_s", "slow", "expected"),
    [
        pytest.param(1, 30, False, 1, id="at once, nearly"),
        pytest.param(2, 30, False, 2, id="second"),
        pytest.param(3, 30, False, 5, id="third"),
        pytest.param(4, 30, False, 30, id="then the interval"),
        pytest.param(8640, 30, False, 30, id="for three days"),
        pytest.param(3, 4, False, 4, id="never above a short interval"),
        pytest.param(1, 30, True, 300, id="refused"),
        pytest.param(9, 600, True, 600, id="refused, with a long interval"),
    ],
)
def test_delay(attempt: int, interval_s: float, slow: bool, expected: float) -> None:
    delays = [next_delay(attempt, interval_s, dice=dice, slow=slow) for dice in (0, 0.5, 1)]
    assert delays == pytest.approx([expected * 0.9, expected, expected * 1.1])


@pytest.mark.parametrize(
    ("age_s", "expected"), [(0, False), (HOURS_72 - 1, False), (HOURS_72, True), (HOURS_72 + 3600, True)]
)
def test_given_up_after_72_hours(age_s: float, expected: bool) -> None:
    assert is_given_up(500.0, 500.0 + age_s) is expected


def test_all_tries_of_three_days_fit_the_advertised_attempts() -> None:
    waited, attempts = 0.0, 0
    while waited < HOURS_72:
        attempts += 1
        waited += next_delay(attempts)
    assert attempts == pytest.approx(8640, abs=5)
