"""SEC-45: UTF-8 is the only encoding; everything else is a clean 400."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import Answer, ask, call, request

PLAIN = call()
NOT_WELL_FORMED = (400, "request-not-well-formed")


def declared(encoding: str) -> bytes:
    return PLAIN.replace(b'encoding="utf-8"', f'encoding="{encoding}"'.encode(), 1)


def verdict(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.cim_error


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8"])
def test_sec_45_utf_8(agent: RunningAgent, encoding: str) -> None:
    assert verdict(ask(agent, request(declared(encoding)))) == (200, None)


@pytest.mark.parametrize(
    "encoding",
    ["utf-7", "utf-16", "utf-32", "iso-8859-1", "us-ascii", "shift_jis", "euc-jp", "idna", "rot13",
     "base64", "hex", "unicode_escape", "punycode", "nonsense", "", "../../etc/passwd", "x" * 1000],
)  # fmt: skip
def test_sec_45_other_declarations(agent: RunningAgent, encoding: str) -> None:
    assert verdict(ask(agent, request(declared(encoding)))) == NOT_WELL_FORMED


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.decode().encode("utf-16"),
        PLAIN.decode().encode("utf-32"),
        b"\xff\xfe" + PLAIN,
        PLAIN.replace(b"ESM_Alive", b"ESM_\xff"),
        PLAIN.replace(b"ESM_Alive", b"\xc0\xaf"),
        PLAIN.replace(b"ESM_Alive", b"\xed\xa0\x80"),
        PLAIN.replace(b"ESM_Alive", b"\xf4\x90\x80\x80"),
        PLAIN.replace(b"ESM_Alive", b"a\0b"),
        PLAIN.replace(b"ESM_Alive", b"&#0;"),
        PLAIN.replace(b"ESM_Alive", b"&#xd800;"),
        PLAIN.replace(b"ESM_Alive", b"&nbsp;"),
        PLAIN.replace(b"ESM_Alive", b"&#99999999999;"),
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"<",
        b"hello",
        PLAIN + b"<a/>",
        PLAIN[:-1],
    ],
    ids=["UTF-16", "UTF-32", "wrong mark", "no UTF-8", "overlong", "surrogate", "beyond Unicode", "NUL",
         "&#0;", "&#xd800;", "&nbsp;", "huge reference", "empty", "blank", "only a mark", "<", "text",
         "two roots", "cut"],
)  # fmt: skip
def test_sec_45_bytes_that_are_not_xml(agent: RunningAgent, body: bytes) -> None:
    assert verdict(ask(agent, request(PLAIN, raw_body=body))) == NOT_WELL_FORMED


def test_sec_45_a_byte_order_mark_is_fine(agent: RunningAgent) -> None:
    assert verdict(ask(agent, request(PLAIN, raw_body=b"\xef\xbb\xbf" + PLAIN))) == (200, None)
