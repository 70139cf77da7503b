import hashlib
import ssl
import time
from pathlib import Path

import pytest

from indications.delivery.trust import Trust, TrustError, check, context, parse
from openesm.text import LANGUAGES
from tests.indications.delivery.fake import certificate

PIN = "0123456789abcdef" * 4
COLONS = ":".join(PIN[at : at + 2].upper() for at in range(0, 64, 2))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["system"], Trust(), id="system"),
        pytest.param(["ca", "/etc/ca.pem"], Trust(ca=Path("/etc/ca.pem")), id="authorities"),
        pytest.param(["pin", f"sha256:{PIN}"], Trust(pin=PIN), id="pin"),
        pytest.param(["pin", f"sha256:{COLONS}"], Trust(pin=PIN), id="pin with colons"),
        pytest.param(["verify", "off"], Trust(verify=False), id="nothing"),
    ],
)
def test_words(words: list[str], expected: Trust) -> None:
    assert parse(words) == expected
    assert parse(str(expected).split()) == expected


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["verify"],
        ["verify", "on"],
        ["off"],
        ["ca"],
        ["ca", ""],
        ["pin", PIN],
        ["pin", f"sha1:{PIN}"],
        ["pin", f"sha256:{PIN[1:]}"],
        ["pin", f"sha256:{PIN}\n"],
        ["system", "verify", "off"],
    ],
)
def test_other_words_are_refused(words: list[str]) -> None:
    with pytest.raises(TrustError, match="system"):
        parse(words)


def test_contexts() -> None:
    usual, pinned, careless = (context(trust) for trust in (Trust(), Trust(pin=PIN), Trust(verify=False)))
    assert usual.verify_mode is ssl.CERT_REQUIRED
    assert usual.check_hostname
    assert context(Trust()) is usual
    assert all(made.minimum_version is ssl.TLSVersion.TLSv1_2 for made in (usual, pinned, careless))
    assert [made.verify_mode for made in (pinned, careless)] == [ssl.CERT_NONE] * 2


@pytest.mark.needs("openssl")
def test_a_changed_file_of_authorities_is_read_again(tmp_path: Path) -> None:
    first, _ = certificate(tmp_path, "first")
    second, _ = certificate(tmp_path, "second")
    trust = Trust(ca=first)
    before = context(trust)
    assert context(trust) is before
    second.replace(first)
    assert context(trust) is not before


@pytest.mark.parametrize(
    ("content", "key"),
    [pytest.param(None, "ca-unreadable", id="none"), pytest.param("no PEM", "ca-wrong", id="no PEM")],
)
def test_authorities_that_cannot_be_used(tmp_path: Path, content: str | None, key: str) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(TrustError) as failed:
        context(Trust(ca=tmp_path / "ca.pem"))
    assert failed.value.message.key == f"delivery.{key}"
    assert all("ca.pem" in failed.value.message.text(language) for language in LANGUAGES)


@pytest.mark.needs("openssl")
def test_pin_and_time_of_a_certificate(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path, "one")
    der = ssl.PEM_cert_to_DER_cert(cert.read_text())
    trust, now = Trust(pin=hashlib.sha256(der).hexdigest()), time.time()
    check(trust, der, now)
    check(Trust(), None, now)
    for moment, key in (now + 11 * 86400, "expired"), (now - 86400, "not-yet-valid"):
        with pytest.raises(TrustError) as failed:
            check(trust, der, moment)
        assert failed.value.message.key == f"delivery.certificate-{key}"
    for wrong in None, b"", der[:-1]:
        with pytest.raises(TrustError, match="another certificate"):
            check(trust, wrong, now)


@pytest.mark.parametrize("der", [b"\x30", b"\x30\x82", b"\x30\x02\x30\x00", bytes(50), b"\x30\x80" * 9])
def test_a_pinned_certificate_that_is_none(der: bytes) -> None:
    with pytest.raises(TrustError, match="cannot be read"):
        check(Trust(pin=hashlib.sha256(der).hexdigest()), der, 0)
