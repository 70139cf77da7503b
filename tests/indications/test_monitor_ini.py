"""monitor.ini of older agents: what is read, and how bad content is named."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications.monitor_ini import MOST_BYTES, CimAlert, parse
from indications.wrong import InputError

PLAIN = b"[CimAlert]\nRetryCount=3\nWaitTime=30\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(PLAIN, CimAlert(3, 30), id="plain"),
        pytest.param(b"", CimAlert(), id="empty"),
        pytest.param(codecs.BOM_UTF8 + PLAIN, CimAlert(3, 30), id="BOM"),
        pytest.param(PLAIN.replace(b"\n", b"\r\n"), CimAlert(3, 30), id="CRLF"),
        pytest.param(b"[CimAlert]\nRetryCount=0\nWaitTime=0", CimAlert(0, 0), id="the cure of CAU-3"),
        pytest.param(b" [ cimalert ] \n retrycount = 7 ", CimAlert(7, None), id="blanks and any case"),
        pytest.param(
            b"; x\n# y\n\x8ak\n".replace(b"\x8ak", b"; \x8ak") + PLAIN, CimAlert(3, 30), id="comments"
        ),
        pytest.param(b"[Other]\nRetryCount=x\n" + PLAIN, CimAlert(3, 30), id="sections of others"),
        pytest.param(PLAIN + b"[Other]\nRetryCount=9\n", CimAlert(3, 30), id="another section follows"),
        pytest.param(PLAIN + b"Else=x\n", CimAlert(3, 30), id="keys of others"),
    ],
)
def test_read(content: bytes, expected: CimAlert) -> None:
    assert parse(content, "monitor.ini") == expected


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        pytest.param(b"[CimAlert]\nRetryCount=-1", 2, "0 to 65535", id="negative"),
        pytest.param(b"[CimAlert]\nRetryCount=65536", 2, "0 to 65535", id="too large"),
        pytest.param(b"[CimAlert]\nWaitTime=86401", 2, "0 to 86400", id="longer than a day"),
        pytest.param(b"[CimAlert]\n\nWaitTime=", 3, "WaitTime", id="empty"),
        pytest.param(b"[CimAlert]\nWaitTime=1" + b"0" * 5000, 2, "WaitTime", id="many digits"),
        pytest.param(b"[CimAlert]\nWaitTime=3\nwaittime=3", 3, "WaitTime is given twice", id="twice"),
        pytest.param(b"[CimAlert\nWaitTime=3", 1, "[CimAlert", id="section not closed"),
        pytest.param(PLAIN + b"Retry", 4, "Retry", id="no equals sign"),
    ],
)
def test_bad_content_is_named_with_file_and_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(content, "/etc/monitor.ini")
    text = str(refused.value)
    assert text.startswith(f"/etc/monitor.ini:{line}: ")
    assert says in text
    assert refused.value.message.text("ja") != text
    assert len(text) < 300


def test_a_huge_file_is_not_read() -> None:
    with pytest.raises(InputError, match=str(MOST_BYTES)):
        parse(b" " * (MOST_BYTES + 1), "monitor.ini")


@given(st.binary(max_size=100) | st.text("[]=;\r\n CimAlertRetryCount0123", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = parse(content, "monitor.ini")
    except InputError as refused:
        assert str(refused).startswith("monitor.ini:")
    else:
        assert found.retry_count is None or 0 <= found.retry_count <= 65535
