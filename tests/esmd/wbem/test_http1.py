"""Heads and chunked bodies, without sockets: wbem standards H01 to H03, H12 to H14, H26."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esmd.wbem.http1 import MAN_URI, ChunkedBody, Head, HttpError, head_end, parse_head

LIMIT = 1024
GOOD = b"POST /cimom HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"


def head(*lines: str, first: str = "POST /cimom HTTP/1.1", host: bool = True, length: bool = True) -> bytes:
    given_lines = [first, *(["Host: h"] if host else []), *(["Content-Length: 3"] if length else []), *lines]
    return "\r\n".join([*given_lines, "\r\n"]).encode("latin-1")


def man(namespace: str = "73", uri: str = MAN_URI) -> str:
    return f"Man: {uri}; ns={namespace}"


def verdict(raw: bytes) -> Head | int:
    """The head when all of `raw` is there, or the status that refuses it."""
    try:
        end = head_end(bytearray(raw), 0, LIMIT)
        assert end == len(raw)
        return parse_head(raw)
    except HttpError as refused:
        return refused.status


def verdict_by_byte(raw: bytes) -> Head | int:
    """The same, when the bytes come one at a time."""
    buffer, searched = bytearray(), 0
    try:
        for byte in raw:
            buffer.append(byte)
            if head_end(buffer, searched, LIMIT) >= 0:
                return parse_head(bytes(buffer))
            searched = len(buffer)
    except HttpError as refused:
        return refused.status
    raise AssertionError("the head never ended")


M_POST = "M-POST /cimom HTTP/1.1"
REFUSED = [
    pytest.param(head(host=False), 400, id="H03 no Host"),
    pytest.param(head("Host: g"), 400, id="two Hosts"),
    pytest.param(head("Host:", host=False), 400, id="empty Host"),
    pytest.param(head(first="BOGUS / HTTP/1.1"), 501, id="H12 unknown method"),
    pytest.param(head(first="post / HTTP/1.1"), 501, id="methods are upper case"),
    *(
        pytest.param(head(first=f"{method} / HTTP/1.1"), 405, id=f"H12 {method}")
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND")
    ),
    pytest.param(head(first="CONNECT host:80 HTTP/1.1"), 405, id="CONNECT"),
    pytest.param(head(first="POST / HTTP/2.0"), 505, id="HTTP/2.0"),
    pytest.param(head(first="POST / HTTP/0.9"), 505, id="HTTP/0.9"),
    pytest.param(head(first="POST / HTTP/1.2"), 400, id="HTTP/1.2"),
    pytest.param(head(first="POST / http/1.1"), 400, id="lower-case version"),
    pytest.param(head(first="POST /"), 400, id="no version"),
    pytest.param(head(first="POST / HTTP/1.1 "), 400, id="blank at the end"),
    pytest.param(head(first="POST  / HTTP/1.1"), 400, id="two blanks"),
    pytest.param(head(first="POST /a b HTTP/1.1"), 400, id="blank in the target"),
    pytest.param(head(first="POST /\x7f HTTP/1.1"), 400, id="control character in the target"),
    pytest.param(
        head(first=f"POST /{'a' * 900} HTTP/1.1", length=False), 411, id="a long target alone is fine"
    ),
    pytest.param(head(length=False), 411, id="H13 no length"),
    *(
        pytest.param(head(f"Content-Length: {value}", length=False), 400, id=f"H13 length {value!r}")
        for value in (
            "845a",
            "-1",
            "+2",
            "0x2",
            "2, 3",
            "2,2",
            "1e3",
            "２".encode().decode("latin-1"),
            "",
            "2 2",
        )
    ),
    *(
        pytest.param(head(f"Content-Length: {2**bits + 2}", length=False), 400, id=f"H13 length 2^{bits}+2")
        for bits in (63, 64)
    ),
    pytest.param(head("Content-Length: 3"), 400, id="H13 the same length twice"),
    pytest.param(head("Content-Length: 4"), 400, id="H13 two lengths"),
    pytest.param(head("content-length: 3"), 400, id="H13 twice in another case"),
    pytest.param(head("Transfer-Encoding: gzip", length=False), 501, id="H14 unknown coding"),
    pytest.param(head("Transfer-Encoding: identity", length=False), 501, id="H14 identity"),
    pytest.param(head("Transfer-Encoding: gzip, chunked", length=False), 501, id="H14 two codings"),
    pytest.param(head("Transfer-Encoding: chunked"), 400, id="H14 with a length"),
    pytest.param(
        head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", length=False), 400, id="H14 twice"
    ),
    pytest.param(
        head("Transfer-Encoding: chunked", first="POST / HTTP/1.0", length=False),
        400,
        id="chunked in HTTP/1.0",
    ),
    pytest.param(head("Expect: 200-ok"), 417, id="unknown expectation"),
    pytest.param(head("X : 1"), 400, id="blank before the colon"),
    pytest.param(head("X"), 400, id="no colon"),
    pytest.param(head(": x"), 400, id="no name"),
    pytest.param(head("X: a\0b"), 400, id="NUL"),
    pytest.param(head("X: a", " folded"), 400, id="folded line"),
    pytest.param(head("X: a\rY: b"), 400, id="bare CR"),
    pytest.param(head("X: a\nY: b"), 400, id="bare LF"),
    pytest.param(GOOD.replace(b"\r\n", b"\n"), 400, id="bare LFs only"),
    pytest.param(head("X: a\x01"), 400, id="control character in a value"),
    pytest.param(head(first=M_POST), 510, id="H02 no Man"),
    pytest.param(head(man(uri="http://example.com/x"), first=M_POST), 510, id="H02 unknown extension"),
    pytest.param(head(man("7"), first=M_POST), 510, id="one digit"),
    pytest.param(head(f"Man: {MAN_URI}", first=M_POST), 510, id="no ns"),
    pytest.param(head(man(), man("74"), first=M_POST), 400, id="two Mans"),
]


@pytest.mark.parametrize(("raw", "expected"), REFUSED)
def test_refused(raw: bytes, expected: int) -> None:
    assert verdict(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), REFUSED)
def test_refused_byte_by_byte(raw: bytes, expected: int) -> None:
    assert verdict_by_byte(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(head("X:a", "Y:\tb\t", "Z:"), id="odd but right blanks"),
        pytest.param(head(man(), "73-CIMOperation: MethodCall", first=M_POST), id="M-POST"),
        pytest.param(head("Transfer-Encoding: Chunked", length=False), id="chunked"),
        pytest.param(head("Upgrade: h2c", "Connection: Upgrade"), id="an upgrade is not taken up"),
        pytest.param(head(first="POST / HTTP/1.0", host=False), id="HTTP/1.0"),
    ],
)
def test_every_delivery_reads_the_same(raw: bytes) -> None:
    whole = verdict(raw)
    assert isinstance(whole, Head)
    assert verdict_by_byte(raw) == whole


def test_a_plain_head() -> None:
    read = parse_head(head("cimOperation:  MethodCall\t", "X: é"))
    assert (read.method, read.target, read.minor, read.length, read.man) == ("POST", "/cimom", 1, 3, "")
    assert read.fields["cimoperation"] == "MethodCall"
    assert read.fields["x"] == "é"
    assert not read.repeated


def test_repeated_names_keep_the_first_value() -> None:
    read = parse_head(head("CIMMethod: A", "cimmethod: B"))
    assert read.fields["cimmethod"] == "A"
    assert read.repeated == {"cimmethod"}


@pytest.mark.parametrize("digits", ["00", "16", "73", "99"])
@pytest.mark.parametrize("form", ["{uri}; ns={ns}", "{uri} ;ns={ns}", '"{uri}"; ns={ns}', '{uri};ns="{ns}"'])
def test_h01_m_post_headers_lose_any_prefix(digits: str, form: str) -> None:
    line = "Man: " + form.format(uri=MAN_URI, ns=digits)
    read = parse_head(
        head(line, f"{digits}-CIMOperation: MethodCall", f"{digits}-CIMMethod: M", first=M_POST)
    )
    assert (read.method, read.man, read.length) == ("POST", digits, 3)
    assert (read.fields["cimoperation"], read.fields["cimmethod"]) == ("MethodCall", "M")


def test_h01_headers_of_another_prefix_stay_foreign() -> None:
    read = parse_head(head(man("73"), "74-CIMMethod: M", first=M_POST))
    assert "cimmethod" not in read.fields


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        pytest.param("73-Content-Length: 100", "content-length", "3", id="length"),
        pytest.param("73-Host: evil", "host", "h", id="host"),
        pytest.param("73-Transfer-Encoding: chunked", "transfer-encoding", None, id="coding"),
        pytest.param("73-Authorization: Basic eDp5", "authorization", None, id="credentials"),
    ],
)
def test_sec_22_an_extension_prefix_replaces_no_header_of_http(
    line: str, name: str, expected: str | None
) -> None:
    read = parse_head(head(man(), line, first=M_POST))
    assert read.fields.get(name) == expected
    assert read.length == 3


@pytest.mark.parametrize(
    ("line", "first", "expected"),
    [
        pytest.param("X: y", "POST / HTTP/1.1", True, id="1.1"),
        pytest.param("Connection: close", "POST / HTTP/1.1", False, id="1.1 close"),
        pytest.param("Connection: Keep-Alive, Close", "POST / HTTP/1.1", False, id="close wins"),
        pytest.param("X: y", "POST / HTTP/1.0", False, id="1.0"),
        pytest.param("Connection: Keep-Alive", "POST / HTTP/1.0", True, id="1.0 keep-alive"),
    ],
)
def test_h26_keep_alive(line: str, first: str, expected: bool) -> None:
    assert parse_head(head(line, first=first)).keep_alive is expected


def test_h26_expectation() -> None:
    assert parse_head(head("Expect: 100-Continue")).expects_continue
    assert not parse_head(GOOD).expects_continue


def test_405_names_the_methods_that_are_allowed() -> None:
    with pytest.raises(HttpError) as refused:
        parse_head(head(first="GET / HTTP/1.1"))
    assert refused.value.headers == (("Allow", "POST, M-POST"),)


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1])
def test_a_head_may_be_as_long_as_the_limit(size: int) -> None:
    raw = head("X: " + "a" * (size - len(head("X: "))))
    assert len(raw) == size
    if size <= LIMIT:
        assert head_end(bytearray(raw), 0, LIMIT) == size
    else:
        with pytest.raises(HttpError) as refused:
            head_end(bytearray(raw), 0, LIMIT)
        assert refused.value.status == 431


def test_an_endless_head_is_refused_at_the_limit() -> None:
    assert head_end(bytearray(b"P" * (LIMIT - 1)), 0, LIMIT) == -1
    with pytest.raises(HttpError) as refused:
        head_end(bytearray(b"P" * LIMIT), LIMIT - 1, LIMIT)
    assert refused.value.status == 431


def test_what_follows_a_head_is_not_part_of_it() -> None:
    assert head_end(bytearray(GOOD + b"\n\0abc"), 0, LIMIT) == len(GOOD)


@given(st.binary(max_size=200), st.integers(0, 80))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    raw = GOOD[:at] + noise + GOOD[at:]
    end = raw.find(b"\r\n\r\n") + 4
    try:
        parse_head(raw[:end])
    except HttpError as refused:
        assert 400 <= refused.status <= 511


# -- chunked bodies


def chunked(raw: bytes, limit: int = 100) -> tuple[bytes | None, bytes] | int:
    """The body and what follows it, or the status that refuses it; the same for every delivery."""
    found = {_fed(raw, limit, step) for step in (len(raw) or 1, 1, 2, 3, 7)}
    assert len(found) == 1, found
    return found.pop()


def _fed(raw: bytes, limit: int, step: int) -> tuple[bytes | None, bytes] | int:
    reader, buffer, body = ChunkedBody(limit), bytearray(), None
    try:
        for start in range(0, len(raw), step):
            buffer += raw[start : start + step]
            body = reader.feed(buffer) if body is None else body
    except HttpError as refused:
        return refused.status
    return body, bytes(buffer) if body is not None else b""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"0\r\n\r\n", (b"", b""), id="empty"),
        pytest.param(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", (b"abcde", b""), id="two chunks"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", (b"0123456789", b""), id="hexadecimal"),
        pytest.param(b"0003\r\nabc\r\n000\r\n\r\n", (b"abc", b""), id="leading zeros"),
        pytest.param(b"3\r\nabc\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", (b"abc", b""), id="trailers"),
        pytest.param(b"3\r\na\r\n\r\n0\r\n\r\n", (b"a\r\n", b""), id="CRLF in a chunk"),
        pytest.param(b"3\r\nabc\r\n0\r\n\r\nPOST", (b"abc", b"POST"), id="the next request stays"),
        pytest.param(b"3\r\nab", (None, b""), id="half a chunk"),
        pytest.param(b"3\r\nabc\r\n0\r\nX: ", (None, b""), id="half a trailer"),
        pytest.param(b"3;x=y\r\nabc\r\n0\r\n\r\n", 400, id="extension"),
        pytest.param(b"-3\r\nabc\r\n0\r\n\r\n", 400, id="negative"),
        pytest.param(b"+3\r\nabc\r\n0\r\n\r\n", 400, id="sign"),
        pytest.param(b"0x3\r\nabc\r\n0\r\n\r\n", 400, id="0x"),
        pytest.param(b" 3\r\nabc\r\n0\r\n\r\n", 400, id="blank before"),
        pytest.param(b"3 \r\nabc\r\n0\r\n\r\n", 400, id="blank after"),
        pytest.param(b"\r\nabc\r\n0\r\n\r\n", 400, id="no size"),
        pytest.param(b"3\nabc\n0\n\n", 400, id="bare LF"),
        pytest.param(b"3\r\nabcXX0\r\n\r\n", 400, id="no CRLF after a chunk"),
        pytest.param(b"3\r\nabc\n\n0\r\n\r\n", 400, id="LF after a chunk"),
        pytest.param(b"fffffffff\r\n", 400, id="nine digits"),
        pytest.param(b"3\r\nabc\r\n0\r\nX 1\r\n\r\n", 400, id="trailer without colon"),
        pytest.param(b"3\r\nabc\r\n0\r\n" + b"X: 1\r\n" * 17 + b"\r\n", 400, id="too many trailers"),
        pytest.param(b"0\r\nX: " + b"a" * 400 + b"\r\n\r\n", 400, id="too long a trailer"),
        pytest.param(b"65\r\n" + b"a" * 101, 413, id="one chunk beyond the limit"),
        pytest.param(b"32\r\n" + b"a" * 50 + b"\r\n33\r\n", 413, id="a sum beyond the limit"),
        pytest.param(b"ffffffff\r\n", 413, id="4 GiB"),
    ],
)
def test_chunked(raw: bytes, expected: tuple[bytes | None, bytes] | int) -> None:
    assert chunked(raw) == expected


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_chunks_join_to_the_body(pieces: list[bytes]) -> None:
    raw = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert chunked(raw + b"next") == (b"".join(pieces), b"next")
