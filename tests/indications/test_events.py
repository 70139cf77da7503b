"""The event table against the definitions, and the texts of every event."""

import string
import tomllib
from collections import Counter
from importlib import resources

import pytest

from indications import events
from indications.events import EVENTS, Event, What, is_told, remapped, severity_of, title_key, transition
from indications.wrong import InputError
from openesm.model import Severity, State

U, N, W, C = State
TEXTS = tomllib.loads(resources.files("openesm.text").joinpath("catalogue/alerts.toml").read_text("utf-8"))
IDS = """
ESMCPUPERF 80000064 C0000065 80000066 40000067 80000068
ESMMEMORYUSAGE 80000070 C0000071 80000072 40000073 80000074
ESMMEMORYUSAGE 80000078 C0000079 8000007A 4000007B 8000007C
ESMMEMORYUSAGE 80000080 C0000081 80000082 40000083 80000084
ESMFSSERVICE 80000090 C0000091 80000092 40000093 80000094 40000095 80000098 C0000099 8000009A 4000009B
ESM_STORAGE_SERVICE 800000A0 C00000A1 800000A2 400000A3 C00000A4 400000A5 800000A6
ESMCOMMONSERVICE 800000B0 800000B1 C00000B2 C00000B3 400000B4 400000B4 80000065 C0000066 40000067
ESMCOMMONSERVICE 800007F0 C00007F1 800007F2 400007F3 C00007F4 400007F5 800007F6
ESMCOMMONSERVICE 80000701 80000702 80000703 40000704 40000705 80000706 C0000707
ESMCOMMONSERVICE 40000708 80000708 C0000708 C0000709
ESMCORRELATION 4000070B 8000070B C000070B C000070C
ESMPROVIDER 4000070A 8000070A C000070A
"""


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_table_has_exactly_the_events_that_managers_know() -> None:
    expected = Counter(
        (source.replace("_", " "), int(word, 16))
        for source, *words in map(str.split, IDS.strip().splitlines())
        for word in words
    )
    assert Counter((event.subject.source, event.event_id) for event in EVENTS) == expected


def test_no_row_stands_twice() -> None:
    assert len({(event.subject, event.what) for event in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.text_key)
def test_every_event_has_its_texts_in_both_languages(event: Event) -> None:
    for key in filter(None, (event.text_key, title_key(event.text_key), event.advice_key)):
        text = TEXTS[key.removeprefix("alerts.")]
        assert set(text) == {"en", "ja"}
        assert fields(text["en"]) == fields(text["ja"])
        assert text["ja"] != text["en"]
    assert not fields(TEXTS[title_key(event.text_key).removeprefix("alerts.")]["en"])


def test_japanese_reaches_receivers_in_cp932() -> None:
    """FAQ-17: the default code of traps; a text outside of it would arrive with holes."""
    for text in TEXTS.values():
        assert text["ja"].encode("cp932").decode("cp932") == text["ja"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.text_key)
def test_what_needs_action_has_advice(event: Event) -> None:
    """A person who is told of an error wants to know what to do."""
    assert event.advice or event.severity is not Severity.CRITICAL


@pytest.mark.parametrize(
    ("event_id", "severity"),
    [(0x40000067, Severity.INFORMATION), (0x80000064, Severity.WARNING), (0xC0000065, Severity.CRITICAL)],
)
def test_top_digit_says_the_severity(event_id: int, severity: Severity) -> None:
    assert severity_of(event_id) is severity


@pytest.mark.parametrize("event_id", [0, 0x10000001, 0xF0000000, 1 << 32])
def test_other_digits_say_none(event_id: int) -> None:
    with pytest.raises(ValueError, match=f"{event_id:08X}"):
        severity_of(event_id)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        pytest.param(N, W, What.WARNING, id="normal to warning"),
        pytest.param(N, C, What.CRITICAL, id="normal to critical"),
        pytest.param(W, C, What.CRITICAL, id="warning to critical"),
        pytest.param(C, W, What.EASED, id="critical to warning"),
        pytest.param(W, N, What.NORMAL, id="warning to normal"),
        pytest.param(C, N, What.NORMAL, id="critical to normal"),
        pytest.param(U, W, What.WARNING, id="first seen in warning"),
        pytest.param(U, C, What.CRITICAL, id="first seen critical"),
        pytest.param(U, N, What.NORMAL, id="readable and normal"),
        pytest.param(N, U, What.UNREADABLE, id="cannot be read"),
        pytest.param(C, U, What.UNREADABLE, id="cannot be read while critical"),
    ],
)
def test_transitions(before: State, after: State, what: What) -> None:
    assert transition(before, after) is what


@pytest.mark.parametrize("state", State)
def test_no_change_is_no_event(state: State) -> None:
    with pytest.raises(ValueError, match=str(int(state))):
        transition(state, state)


@pytest.mark.parametrize(
    ("before", "after", "has_open", "told"),
    [
        pytest.param(U, N, False, False, id="in order at the start"),
        pytest.param(U, N, True, True, id="readable again"),
        pytest.param(U, W, False, True, id="in trouble at the start"),
        pytest.param(W, N, False, True, id="back to normal"),
    ],
)
def test_what_is_told(before: State, after: State, has_open: bool, told: bool) -> None:
    assert is_told(before, after, has_open) is told


def test_inodes_that_cannot_be_read_are_told_as_their_file_system() -> None:
    assert events.event(events.INODES, What.UNREADABLE).event_id == 0x80000094


@pytest.mark.parametrize(
    ("table", "says"),
    [
        pytest.param({("ESMCPUPERF", 0x80000070): 0x80000001}, "ESMCPUPERF", id="ID of another source"),
        pytest.param({("ESMOTHER", 0x80000064): 0x80000001}, "ESMOTHER", id="unknown source"),
        pytest.param({("ESMCPUPERF", 0x80000064): 0x20000001}, "20000001", id="no severity"),
        pytest.param({("ESMCPUPERF", 0x80000064): 1 << 33}, "200000000", id="more than 32 bits"),
        pytest.param({("ESMCPUPERF", 0x80000064): -5}, "-0000005", id="negative"),
    ],
)
def test_wrong_remapping_is_refused(table: dict[tuple[str, int], int], says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        remapped(table)
    assert says in refused.value.message.text("ja")


def test_remapping_is_taken() -> None:
    table = {("ESMCPUPERF", 0x80000064): 0x800000C8}
    assert remapped(table) == table
