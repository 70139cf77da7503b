"""class.xml of older agents: what is read, and how bad content is named."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications.class_xml import MOST_BYTES, ClassEntry, parse, sample
from indications.thresholds import CLASSES, defaults
from indications.wrong import InputError


def listed(*entries: str) -> bytes:
    return f"<ClassList>{''.join(entries)}</ClassList>".encode()


def entry(inner: str) -> str:
    return f"<Class>{inner}</Class>"


CPU = entry("<Name>ESM_Processor</Name><Interval>10</Interval><Enabled>1</Enabled>")
READ = ClassEntry("ESM_Processor", True, 10)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(listed(CPU), [READ], id="plain"),
        pytest.param(codecs.BOM_UTF8 + listed(CPU), [READ], id="BOM"),
        pytest.param(listed("\r\n\t", CPU, "\r\n"), [READ], id="CRLF"),
        pytest.param(listed(CPU).decode().encode("utf-16"), [READ], id="UTF-16"),
        pytest.param(listed("<!-- off -->"), [], id="nothing listed"),
        pytest.param(listed(entry("<Name>A</Name>")), [ClassEntry("A", True, None)], id="name alone"),
        pytest.param(
            listed(entry("<Name> A </Name><Enabled>0</Enabled><Interval>3600</Interval>")),
            [ClassEntry("A", False, 3600)],
            id="off, any order, blanks",
        ),
        pytest.param(
            listed(entry("<Name>A</Name><Library>x<Interval>y</Interval></Library>")),
            [ClassEntry("A")],
            id="elements of others are passed over",
        ),
        pytest.param(
            listed(CPU, entry("<Name>B</Name>")), [READ, ClassEntry("B")], id="the order of the file"
        ),
    ],
)
def test_read(content: bytes, expected: list[ClassEntry]) -> None:
    found = parse(content, "class.xml")
    assert list(found.values()) == expected
    assert list(found) == [entry.name.lower() for entry in expected]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        pytest.param(b"", 1, "no element found", id="empty"),
        pytest.param(b"<ClassList>\n<Class>", 2, "no element found", id="cut off"),
        pytest.param(b"<ClassList>\n</Class>", 2, "mismatched tag", id="wrong end"),
        pytest.param(b"<ClassList>\xff</ClassList>", 1, "not well-formed", id="not UTF-8"),
        pytest.param(
            b'<?xml version="1.0" encoding="x-none"?><ClassList/>', 1, "unknown encoding", id="code"
        ),
        pytest.param(b'<?xml version="1.0" encoding="Shift_JIS"?><ClassList/>', 1, "multi-byte", id="cp932"),
        pytest.param(b"\n<!DOCTYPE a [<!ENTITY b 'c'>]>\n<ClassList/>", 2, "DOCTYPE", id="DOCTYPE"),
        pytest.param(b"\n\n<List/>", 3, "ClassList is expected", id="another root"),
        pytest.param(b"<ClassList>\n<class/></ClassList>", 2, "Class is expected", id="another element"),
        pytest.param(listed(entry("<Name/>")), 1, "no Name", id="empty name"),
        pytest.param(b"<ClassList>\n<Class>\n</Class></ClassList>", 3, "no Name", id="no name"),
        pytest.param(listed(CPU + "\n", CPU), 2, "ESM_Processor is given twice", id="class twice"),
        pytest.param(
            listed(entry("<Name>A</Name>\n<Name>B</Name>")), 2, "Name is given twice", id="name twice"
        ),
        pytest.param(listed(entry("<Name>A</Name><Interval>0</Interval>")), 1, "1 to 3600", id="interval 0"),
        pytest.param(listed(entry("<Name>A</Name><Interval>x</Interval>")), 1, "'x'", id="no number"),
        pytest.param(
            listed(entry("<Name>A</Name><Interval>٣</Interval>")), 1, "1 to 3600", id="other digits"
        ),
        pytest.param(listed(entry("<Name>A</Name><Enabled>2</Enabled>")), 1, "0 to 1", id="enabled 2"),
        pytest.param(listed(entry("<Name>A</Name><Enabled/>")), 1, "0 to 1", id="enabled empty"),
    ],
)
def test_bad_content_is_named_with_file_and_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(content, "/etc/class.xml")
    text = str(refused.value)
    assert text.startswith(f"/etc/class.xml:{line}: ")
    assert says in text
    assert refused.value.message.text("ja") != text


def test_a_huge_file_is_not_read() -> None:
    with pytest.raises(InputError, match=str(MOST_BYTES)):
        parse(b" " * (MOST_BYTES + 1), "class.xml")


def test_entities_are_not_expanded() -> None:
    """A billion laughs needs a DOCTYPE, and that is refused before anything is declared."""
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    content = f"<!DOCTYPE x [<!ENTITY l0 'ha'>{laughs}]><ClassList>&l9;</ClassList>"
    with pytest.raises(InputError, match="DOCTYPE"):
        parse(content.encode(), "class.xml")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse(content, "class.xml")
    except InputError as refused:
        assert "class.xml" in str(refused)


@given(st.lists(st.sampled_from([b"<ClassList>", b"<Class>", b"<Name>", b"A", b"</Name>", b"</Class>"])))
def test_any_order_of_elements_is_read_or_refused(parts: list[bytes]) -> None:
    try:
        parse(b"".join(parts) + b"</ClassList>", "class.xml")
    except InputError as refused:
        assert "class.xml" in str(refused)


def test_the_sample_changes_nothing() -> None:
    """All threads run, at the shipped intervals; what is off by itself a client can still turn on."""
    found = parse(sample().encode(), "sample")
    assert [entry.name for entry in found.values()] == list(CLASSES)
    for entry in found.values():
        shipped = defaults(entry.name, "_Total")
        assert shipped is not None
        assert (entry.enabled, entry.interval_s) == (True, shipped.interval_s)
