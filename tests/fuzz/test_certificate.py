"""Certificates in DER: dates and owner are read, or it is none."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from esmd.certificate import Certificate
from tests.fuzz.hunt import broken, hunt


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length = len(content)
    return bytes([tag, length] if length < 128 else [tag, 0x82, length >> 8, length & 255]) + content


def certificate(*validity: bytes) -> bytes:
    name = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x0C, b"server1.example.com"))))
    signed = der(
        0x30,
        der(0xA0, der(0x02, b"\x02")),
        der(0x02, b"\x01"),
        der(0x30, der(0x06, b"\x2a\x86")),
        name,
        der(0x30, *validity),
        name,
        der(0x30, bytes(130)),
    )
    return der(0x30, signed, der(0x30), der(0x03, b"\0"))


SAMPLES = (
    certificate(der(0x17, b"260101000000Z"), der(0x18, b"20560101000000Z")),
    certificate(der(0x17, b"491231235959Z"), der(0x17, b"500101000000Z")),
)


def check(content: bytes) -> None:
    try:
        found = Certificate.parse(content)
    except ValueError:
        return
    assert len(found.sha256) == 95
    assert isinstance(found.starts, float) and isinstance(found.expires, float)


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_read(sample: bytes) -> None:
    assert Certificate.parse(sample).sha256


def test_certificates() -> None:
    hunt(check, st.one_of(broken(SAMPLES), st.binary(max_size=100)))
