"""CIM values and their text: what is read, what is refused, and that writing reads back."""

import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openesm.cim.values import (
    INTEGER_RANGE,
    DateTime,
    Instance,
    Scalar,
    TypedValue,
    format_real,
    local_now,
    parse_boolean,
    parse_integer,
    parse_real,
    parse_scalar,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
offsets = st.integers(-999, 999).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=offsets)
spans = st.timedeltas(timedelta(), timedelta(days=99_999_999))
in_range = st.sampled_from(sorted(INTEGER_RANGE)).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(*INTEGER_RANGE[name]))
)
quick = settings(deadline=None)


@quick
@given(in_range)
def test_integer_in_range_reads_back(typed: tuple[str, int]) -> None:
    name, value = typed
    sign = "-" if value < 0 else "+"
    for text in (str(value), f"{sign}{abs(value)}", f"{sign}0x{abs(value):x}", f"{sign}0X{abs(value):X}"):
        assert parse_integer(text, name) == value


@pytest.mark.parametrize("name", sorted(INTEGER_RANGE))
def test_integer_ranges(name: str) -> None:
    low, high = INTEGER_RANGE[name]
    assert high - low == 2 ** int(name.removeprefix("u").removeprefix("s").removeprefix("int")) - 1
    assert (low == 0) == name.startswith("u")
    assert parse_integer(str(low), name) == low
    assert parse_integer(str(high), name) == high
    for outside in (low - 1, high + 1):
        with pytest.raises(ValueError, match=str(outside)):
            parse_integer(str(outside), name)


@pytest.mark.parametrize("text", ["", "-", "0x", "1.0", "1e3", "1_000", "١", "0b1", "--1", "1 2", "9" * 41])
def test_not_an_integer(text: str) -> None:
    with pytest.raises(ValueError):
        parse_integer(text, "uint64")


@quick
@given(st.floats(allow_nan=False))
def test_real64_reads_back(value: float) -> None:
    assert parse_real(format_real(value, "real64")) == value


@quick
@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_real32_reads_back_to_eight_digits(value: float) -> None:
    assert parse_real(format_real(value, "real32")) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(
    ("value", "cim_type", "text"),
    [
        (float("inf"), "real32", "INF"),
        (float("-inf"), "real64", "-INF"),
        (float("nan"), "real64", "NaN"),
        (1.0, "real64", "1.0"),
        (1.0, "real32", "1.0"),
        (0.1, "real64", "0.1"),
        (struct.unpack("f", struct.pack("f", 0.1))[0], "real32", "0.1"),
        (12.5, "real32", "12.5"),
        (1e22, "real64", "1e+22"),
    ],
)
def test_real_is_spelled(value: float, cim_type: str, text: str) -> None:
    assert format_real(value, cim_type) == text


@pytest.mark.parametrize("text", ["", ".", "e3", "1e", "0x10", "infinity", "1,5", "1e99999", "nan()", "+INF"])
def test_not_a_real(text: str) -> None:
    with pytest.raises(ValueError):
        parse_real(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("False", False), ("1", None), ("yes", None), ("", None)],
)
def test_boolean(text: str, value: bool | None) -> None:
    if value is None:
        with pytest.raises(ValueError):
            parse_boolean(text)
    else:
        assert parse_boolean(text) is value


@pytest.mark.parametrize(
    ("text", "cim_type", "value"),
    [
        (" 7 ", "uint8", 7),
        ("\nTRUE\t", "boolean", True),
        (" a ", "string", " a "),
        ("", "string", ""),
        ("0x1F", "sint16", 31),
        ("1.5", "real32", 1.5),
        (" ", "char16", " "),
        ("あ", "char16", "あ"),
    ],
)
def test_scalar(text: str, cim_type: str, value: Scalar) -> None:
    assert parse_scalar(text, cim_type) == value


@pytest.mark.parametrize(
    ("text", "cim_type"),
    [
        ("ab", "char16"),
        ("", "char16"),
        ("😀", "char16"),
        ("x", "reference"),
        ("-1", "uint8"),
        ("1", "datetime"),
    ],
)
def test_not_a_scalar(text: str, cim_type: str) -> None:
    with pytest.raises(ValueError):
        parse_scalar(text, cim_type)


@quick
@given(moments)
def test_point_in_time_reads_back(moment: datetime) -> None:
    value = DateTime.of(moment)
    assert len(value.text) == 25
    assert not value.is_interval
    assert DateTime.parse(value.text) == value
    assert value.low == value.high == pytest.approx((moment - EPOCH).total_seconds(), abs=1e-4)
    assert value.text[:14] == f"{moment.year:04d}{moment:%m%d%H%M%S}"


@quick
@given(spans)
def test_interval_reads_back(span: timedelta) -> None:
    value = DateTime.of(span)
    assert len(value.text) == 25
    assert value.is_interval
    assert DateTime.parse(value.text) == value
    assert value.low == value.high == pytest.approx(span.total_seconds(), abs=1e-2)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        pytest.param("19700101000000.000000+000", 0.0, 0.0, id="epoch"),
        pytest.param("19700101090000.000000+540", 0.0, 0.0, id="the same in Japan"),
        pytest.param("19691231190000.500000-300", 0.5, 0.5, id="the same west, and half a second"),
        pytest.param("19700101000000.******+000", 0.0, 0.999999, id="no fraction"),
        pytest.param("19700101000000.00****+000", 0.0, 0.009999, id="part of a fraction"),
        pytest.param("1970010100****.******+000", 0.0, 3599.999999, id="hours only"),
        pytest.param("19700101******.******+000", 0.0, 86399.999999, id="day only"),
        pytest.param("197002********.******+000", 31 * 86400.0, 59 * 86400 - 1e-6, id="short month"),
        pytest.param("1970**********.******+000", 0.0, 365 * 86400 - 1e-6, id="year only"),
        pytest.param("00000000000000.000000:000", 0.0, 0.0, id="no time at all"),
        pytest.param("00000001020304.500000:000", 93784.5, 93784.5, id="interval"),
        pytest.param("00000001020304.******:000", 93784.0, 93784.999999, id="interval in seconds"),
        pytest.param("00000001******.******:000", 86400.0, 2 * 86400 - 1e-6, id="interval in days"),
    ],
)
def test_what_a_datetime_may_mean(text: str, low: float, high: float) -> None:
    value = DateTime.parse(text)
    assert [value.low, value.high] == pytest.approx([low, high], abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("2026-01-01T00:00:00Z", id="ISO 8601"),
        pytest.param("20260101000000.000000+00", id="24 characters"),
        pytest.param("20260101000000.000000+0000", id="26 characters"),
        pytest.param("20260101000000,000000+000", id="comma"),
        pytest.param("20261301000000.000000+000", id="month 13"),
        pytest.param("20260229000000.000000+000", id="29 February of a common year"),
        pytest.param("20260101240000.000000+000", id="hour 24"),
        pytest.param("2026010100000*.000000+000", id="star before digits"),
        pytest.param("2026010100000*.******+000", id="half a field"),
        pytest.param("202*0101000000.000000+000", id="star in the year"),
        pytest.param("00000001240000.000000:000", id="interval of hour 24"),
        pytest.param("00000001000000.000000:001", id="interval with an offset"),
        pytest.param("000000010000**.000000:000", id="interval with a star before digits"),
        pytest.param("20260101000000.000000+000\n", id="line end"),
        pytest.param("２０２６0101000000.000000+000", id="wide digits"),
    ],
)
def test_not_a_datetime(text: str) -> None:
    with pytest.raises(ValueError):
        DateTime.parse(text)


@quick
@given(st.text("0123456789*.:+- ", min_size=20, max_size=26))
def test_any_text_is_a_datetime_or_a_value_error(text: str) -> None:
    try:
        value = DateTime.parse(text)
    except ValueError:
        return
    assert value.text == text
    assert value.low <= value.high


def test_local_now_has_the_offset() -> None:
    assert DateTime.of(local_now(0.25, 9 * 3600)).text == "19700101090000.250000+540"


def test_instance_property_in_any_case() -> None:
    name = TypedValue("x", "string")
    instance = Instance("CIM_System", {"Name": name})
    assert instance.get("NAME") is name
    assert instance.get("Other") is None
