import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from esmd import tls as module
from esmd.certificate import Certificate
from esmd.tls import (
    TlsError,
    certificate_names,
    check_pair,
    ensure_certificate,
    expires,
    fingerprint,
    install,
    reload_certificate,
    renew,
    renew_if_due,
    server_context,
)
from openesm.settings import Settings, Tls, parse

pytestmark = pytest.mark.needs("openssl")
NAMES = ("esm.example", "localhost", "127.0.0.1", "::1")
DAY = 86400.0


def place(folder: Path) -> Tls:
    return Tls(folder / "tls" / "server.pem", folder / "tls" / "server.key")


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    made = place(tmp_path)
    assert ensure_certificate(made, NAMES) is True
    return made


def foreign_pair(folder: Path) -> Tls:
    pair = Tls(folder / "their.pem", folder / "their.key")
    argv = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=other", "-days", "10"]
    subprocess.run([*argv, "-out", str(pair.cert), "-keyout", str(pair.key)], check=True, capture_output=True)
    pair.key.chmod(0o600)
    return pair


def shake_hands(
    server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (near, far) * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return near, far


def test_made_once_with_a_secret_key(tls: Tls) -> None:
    before = tls.cert.read_bytes(), tls.key.read_bytes()
    assert tls.key.stat().st_mode & 0o777 == 0o600
    assert ensure_certificate(tls, NAMES) is False
    assert (tls.cert.read_bytes(), tls.key.read_bytes()) == before
    assert expires(tls.cert) == pytest.approx(time.time() + 825 * DAY, abs=60)


def test_fingerprint_is_the_one_openssl_shows(tls: Tls) -> None:
    argv = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(tls.cert)]
    shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert shown.strip().endswith(f"={fingerprint(tls.cert)}")


@pytest.mark.parametrize("name", NAMES)
def test_strict_clients_that_trust_it_connect_by_every_name(tmp_path: Path, tls: Tls, name: str) -> None:
    client = ssl.create_default_context(cafile=str(tls.cert))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    near, _ = shake_hands(server_context(settings(tmp_path)), client, name)
    assert near.version() == "TLSv1.3"


def settings(folder: Path, auth: str = "") -> Settings:
    return parse(f"[auth]\n{auth}\n", folder / "esmd.toml")


def test_old_protocols_and_tickets_are_off(tmp_path: Path, tls: Tls) -> None:
    server = server_context(settings(tmp_path))
    assert server.minimum_version is ssl.TLSVersion.TLSv1_2
    assert server.options & ssl.OP_NO_COMPRESSION
    assert server.options & ssl.OP_NO_RENEGOTIATION
    assert server.num_tickets == 0
    assert server.verify_mode is ssl.CERT_NONE
    client = ssl.create_default_context(cafile=str(tls.cert))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    near, _ = shake_hands(server, client)
    assert near.session is None or not near.session.has_ticket


def test_client_certificates_are_asked_for_when_a_ca_is_set(tmp_path: Path, tls: Tls) -> None:
    ours = foreign_pair(tmp_path)
    server = server_context(settings(tmp_path, "client_ca = 'their.pem'"))
    assert server.verify_mode is ssl.CERT_OPTIONAL
    client = ssl.create_default_context(cafile=str(tls.cert))
    assert shake_hands(server, client)[1].getpeercert(True) is None
    client.load_cert_chain(ours.cert, ours.key)
    assert shake_hands(server, client)[1].getpeercert(True) is not None


def test_a_key_that_is_there_is_kept(tls: Tls) -> None:
    key = tls.key.read_bytes()
    tls.cert.unlink()
    assert ensure_certificate(tls, NAMES) is True
    assert tls.key.read_bytes() == key


@pytest.mark.parametrize(
    ("now", "renewed"),
    [
        pytest.param(825 * DAY - 31 * DAY, False, id="31 days before the end"),
        pytest.param(825 * DAY - 30 * DAY, True, id="30 days before the end"),
        pytest.param(900 * DAY, True, id="after the end"),
    ],
)
def test_ours_is_renewed_in_time_keeping_the_key(tls: Tls, now: float, renewed: bool) -> None:
    before, key = fingerprint(tls.cert), tls.key.read_bytes()
    assert renew_if_due(tls, NAMES, time.time() + now + 60) is renewed
    assert (fingerprint(tls.cert) != before) is renewed
    assert tls.key.read_bytes() == key
    check_pair(tls.cert, tls.key)


def test_theirs_is_never_renewed(tmp_path: Path) -> None:
    theirs = foreign_pair(tmp_path)
    assert renew_if_due(theirs, NAMES, time.time()) is False
    with pytest.raises(TlsError, match="issued by somebody else"):
        renew(theirs, NAMES)


def test_install_checks_the_pair_and_keeps_the_old_one(tmp_path: Path, tls: Tls) -> None:
    old = fingerprint(tls.cert), tls.key.read_bytes()
    theirs = foreign_pair(tmp_path)
    with pytest.raises(TlsError, match="is not the private key"):
        install(tls, theirs.cert, tls.key)
    assert fingerprint(tls.cert) == old[0]
    install(tls, theirs.cert, theirs.key)
    check_pair(tls.cert, tls.key)
    assert fingerprint(tls.cert) == fingerprint(theirs.cert)
    assert fingerprint(tls.cert.with_name("server.pem.bak")) == old[0]
    assert tls.key.with_name("server.key.bak").read_bytes() == old[1]
    assert tls.key.with_name("server.key.bak").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("moved_key", "theirs_wins"),
    [pytest.param(False, False, id="before the move"), pytest.param(True, True, id="between the moves")],
)
def test_a_half_install_is_ended(tmp_path: Path, tls: Tls, moved_key: bool, theirs_wins: bool) -> None:
    theirs = foreign_pair(tmp_path)
    shutil.copy(theirs.cert, tls.cert.with_name("server.pem.new"))
    shutil.copy(theirs.key, tls.key if moved_key else tls.key.with_name("server.key.new"))
    ensure_certificate(tls, NAMES)
    check_pair(tls.cert, tls.key)
    assert (fingerprint(tls.cert) == fingerprint(theirs.cert)) is theirs_wins
    assert not list(tls.cert.parent.glob("*.new"))


def test_live_reload_serves_the_new_and_keeps_the_old_on_error(tmp_path: Path, tls: Tls) -> None:
    server = server_context(settings(tmp_path))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE

    def served() -> str:
        der = shake_hands(server, client)[0].getpeercert(True)
        assert der
        return Certificate.parse(der).sha256

    old = served()
    theirs = foreign_pair(tmp_path)
    shutil.copy(theirs.cert, tls.cert)
    with pytest.raises(TlsError, match="is not the private key"):
        reload_certificate(server, settings(tmp_path))
    assert served() == old
    shutil.copy(theirs.key, tls.key)
    for _ in range(2):
        reload_certificate(server, settings(tmp_path))
        assert served() == fingerprint(theirs.cert) != old


def test_keys_that_are_refused(tmp_path: Path, tls: Tls) -> None:
    tls.key.chmod(0o640)
    with pytest.raises(TlsError, match="chmod 0600"):
        check_pair(tls.cert, tls.key)
    locked = tmp_path / "locked.key"
    argv = ["openssl", "pkey", "-in", str(tls.key), "-aes128", "-passout", "pass:secret", "-out", str(locked)]
    subprocess.run(argv, check=True)
    with pytest.raises(TlsError, match="has a passphrase"):
        check_pair(tls.cert, locked)
    with pytest.raises(TlsError, match="No such file"):
        check_pair(tls.cert, tmp_path / "none")
    with pytest.raises(TlsError, match="needed here: certificates"):
        check_pair(tls.key, tls.key)
    tls.key.unlink()
    with pytest.raises(TlsError, match="is there but its key"):
        ensure_certificate(tls, NAMES)


def test_no_openssl_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PROGRAM_PATH", str(tmp_path))
    with pytest.raises(TlsError, match="Install it"):
        ensure_certificate(place(tmp_path), NAMES)


def test_names_hold_only_what_a_certificate_takes() -> None:
    assert certificate_names("a b,DNS:evil")[-3:] == ("localhost", "127.0.0.1", "::1")
    assert certificate_names("srv.example")[0] == "srv.example"


def test_any_cut_or_flipped_certificate_is_read_or_refused(tls: Tls) -> None:
    der = ssl.PEM_cert_to_DER_cert(tls.cert.read_text())
    refused = 0
    broken = [der[:length] for length in range(len(der))]
    broken += [der[:at] + bytes([der[at] ^ 0xFF]) + der[at + 1 :] for at in range(len(der))]
    for data in broken:
        try:
            Certificate.parse(data)
        except ValueError:
            refused += 1
    assert refused > len(der)


def test_two_at_once_make_one_pair(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, esmd.tls as t, openesm.settings as s; d = pathlib.Path(sys.argv[1])\n"
        "print(t.ensure_certificate(s.Tls(d / 'server.pem', d / 'server.key'), ['localhost']))"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    tools = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = sorted(tool.communicate()[0] for tool in tools)
    assert answers == ["False\n"] * 3 + ["True\n"]
    check_pair(tmp_path / "server.pem", tmp_path / "server.key")
