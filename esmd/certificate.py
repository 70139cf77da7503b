"""What a certificate file says: read from its DER, without a library (RFC 5280 4.1)."""

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

OURS = b"OpenESM"  # organisation in the subject of the certificates that we make
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """The first certificate of a PEM file.

    Attributes:
        sha256: fingerprint, `AA:BB:…`.
        starts, expires: seconds since the epoch.
        is_ours: signed by itself and made by this product, so that it renews itself.
    """

    sha256: str
    starts: float
    expires: float
    is_ours: bool

    @classmethod
    def load(cls, path: Path) -> Self:
        """The certificate in the file; OSError when unreadable, ValueError when it holds none."""
        with path.open("rb") as source:
            text = source.read(_FILE_BYTES).decode("ascii", "replace")
        begin = text.find(_BEGIN)
        end = text.find(_END, begin)
        if begin < 0 or end < 0:
            raise ValueError("no PEM certificate")
        return cls.parse(ssl.PEM_cert_to_DER_cert(text[begin : end + len(_END)]))

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """The certificate in DER; ValueError when it is none."""
        ((_, signed), *_) = _elements(_only(der, _SEQUENCE))
        parts = list(_elements(signed))
        if parts and parts[0][0] == _VERSION:
            del parts[0]
        if len(parts) < 5:
            raise ValueError("no certificate")
        _, _, (_, issuer), (_, validity), (_, subject) = parts[:5]
        moments = [_moment(tag, value) for tag, value in _elements(validity)]
        if len(moments) != 2:
            raise ValueError("no validity")
        digest = hashlib.sha256(der).hexdigest().upper()
        return cls(
            sha256=":".join(digest[at : at + 2] for at in range(0, 64, 2)),
            starts=moments[0],
            expires=moments[1],
            is_ours=issuer == subject and OURS in subject,
        )


def _only(data: bytes, tag: int) -> bytes:
    found = list(_elements(data))
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError("no DER sequence")
    return found[0][1]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element that stands in `data`."""
    at = 0
    while at < len(data):
        header = data[at : at + 2]
        if len(header) < 2:
            raise ValueError("cut off")
        tag, length = header
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if at + length > len(data):
            raise ValueError("cut off")
        yield tag, data[at : at + length]
        at += length


def _moment(tag: int, value: bytes) -> float:
    text = value.decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
