"""Whom a connection to a listener trusts, a choice of its own for each destination.

The system's authorities by default; the authorities in a file; one certificate known by its fingerprint (then
its name and issuer do not matter, its time does); or, only when somebody says so, everybody.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from openesm.text import Message

_PIN = re.compile(r"sha256:([0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})\Z")
_UTC_TIME, _VERSION = 0x17, 0xA0
_VERIFY_CODES = {
    9: "not-yet-valid",
    10: "expired",
    18: "unknown-authority",
    19: "unknown-authority",
    20: "unknown-authority",
    21: "unknown-authority",
    62: "wrong-host",
    64: "wrong-host",
}
_OLD_TLS = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


class TrustError(Exception):
    """Trust that cannot be set up, or a certificate that it does not cover; `message` says why."""

    def __init__(self, key: str, /, **args: object) -> None:
        self.message = Message.of(f"delivery.{key}", **args)
        super().__init__(str(self.message))


@dataclass(frozen=True, slots=True)
class Trust:
    """At most one of `ca`, `pin` and `verify=False`; none of them is the system's authorities.

    Attributes:
        ca: PEM file with the only authorities that count.
        pin: SHA-256 of the listener's certificate, 64 lower-case hexadecimal digits.
        verify: False takes any certificate.
    """

    ca: Path | None = None
    pin: str = ""
    verify: bool = True

    def __str__(self) -> str:
        """The words that `parse` takes."""
        if self.ca:
            return f"ca {self.ca}"
        if self.pin:
            return f"pin sha256:{self.pin}"
        return "system" if self.verify else "verify off"


def parse(words: Sequence[str]) -> Trust:
    """Trust as a person writes it: `system`, `ca FILE`, `pin sha256:HEX`, `verify off`.

    Raises:
        TrustError: none of these.
    """
    match list(words):
        case ["system"]:
            return Trust()
        case ["verify", "off"]:
            return Trust(verify=False)
        case ["ca", file] if file:
            return Trust(ca=Path(file).absolute())
        case ["pin", text] if found := _PIN.match(text):
            return Trust(pin=found[1].replace(":", "").lower())
    raise TrustError("trust-words", words=" ".join(words))


def context(trust: Trust) -> ssl.SSLContext:
    """The client side of TLS 1.2 or better; the same object while the file of authorities stays the same.

    Raises:
        TrustError: the file of authorities cannot be used.
    """
    system = ssl.get_default_verify_paths()
    source = trust.ca or Path(system.cafile or system.capath or "/nonexistent")
    try:
        found = source.stat()
        stamp = found.st_mtime_ns, found.st_size, found.st_ino
    except OSError as failed:
        if trust.ca:
            raise TrustError("ca-unreadable", file=trust.ca, reason=failed.strerror) from failed
        stamp = 0, 0, 0
    return _context(trust.ca, trust.verify and not trust.pin, stamp)


@lru_cache(64)
def _context(ca: Path | None, verify: bool, _stamp: tuple[int, int, int]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif ca is None:
        made.load_default_certs()
    else:
        try:
            made.load_verify_locations(cafile=ca)
        except ssl.SSLError as wrong:
            raise TrustError("ca-wrong", file=ca) from wrong
        except OSError as failed:
            raise TrustError("ca-unreadable", file=ca, reason=failed.strerror) from failed
    return made


def check(trust: Trust, certificate: bytes | None, now: float) -> None:
    """Looks at the listener's certificate (DER) after the handshake, before anything is sent.

    Args:
        now: seconds since the epoch, wall clock.

    Raises:
        TrustError: it is not the pinned one, or its time is not now.
    """
    if not trust.pin:
        return
    digest = hashlib.sha256(certificate or b"").hexdigest()
    if not hmac.compare_digest(digest, trust.pin):
        raise TrustError("pin-mismatch", pin=trust.pin, found=digest)
    try:
        starts, expires = _validity(certificate or b"")
    except (ValueError, IndexError):
        raise TrustError("certificate-garbled") from None
    if now > expires:
        raise TrustError("certificate-expired")
    if now < starts:
        raise TrustError("certificate-not-yet-valid")


def explain(failed: OSError, host: str) -> Message:
    """Why a TLS handshake failed, in words that say what to look at."""
    if isinstance(failed, ssl.SSLCertVerificationError):
        known = _VERIFY_CODES.get(failed.verify_code)
        if known:
            return Message.of(f"delivery.certificate-{known}", host=host)
        return Message.of("delivery.certificate-wrong", reason=failed.verify_message)
    reason = failed.reason if isinstance(failed, ssl.SSLError) else ""
    if reason in _OLD_TLS:
        return Message.of("delivery.tls-old")
    if reason in _NOT_TLS:
        return Message.of("delivery.tls-none")
    return Message.of("delivery.tls-failed", reason=reason or failed.strerror or str(failed) or "EOF")


def _validity(der: bytes) -> tuple[float, float]:
    """First and last moment of a certificate, seconds since the epoch (RFC 5280 4.1.2.5)."""
    (_, whole), *_ = _elements(der)
    (_, signed), *_ = _elements(whole)
    parts = [part for part in _elements(signed) if part[0] != _VERSION]
    starts, expires = (_moment(tag, value) for tag, value in _elements(parts[3][1]))
    return starts, expires


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length


def _moment(tag: int, value: bytes) -> float:
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
