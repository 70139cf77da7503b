"""The server's certificate and key (made, checked, renewed, replaced), and the TLS rules of the server.

Our own certificates are self-signed, EC P-256, and renew themselves 30 days before they end, keeping the key.
"""

import ipaddress
import os
import re
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from esmd.certificate import OURS, Certificate
from openesm import atomic
from openesm.settings import Settings, Tls
from openesm.text import Language, Message

DAYS = 825
RENEW_BEFORE_S = 30 * 86400.0
_PROGRAM_PATH = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin"
_PROGRAM_ENV = {"PATH": _PROGRAM_PATH, "LC_ALL": "C", "OPENSSL_CONF": "/dev/null"}
_PROGRAM_S = 30.0
_DNS = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_FILE_BYTES = 1 << 20


class TlsError(Exception):
    """Certificate material that cannot be made or used; `message` says why."""

    def __init__(self, key: str, /, **args: object) -> None:
        self.message = Message.of(f"tls.{key}", **args)
        super().__init__(str(self.message))

    def text(self, language: Language = "en") -> str:
        return self.message.text(language)


def certificate_names(system_name: str = "") -> tuple[str, ...]:
    """The names in a certificate of this machine: its names, localhost and the loopback addresses."""
    host = socket.gethostname()
    names = (system_name, host, host.partition(".")[0], "localhost", "127.0.0.1", "::1")
    return tuple(dict.fromkeys(name for name in names if name and _alternative(name)))


def ensure_certificate(tls: Tls, names: Sequence[str]) -> bool:
    """Creates key and certificate where they are missing; never replaces a key.

    Returns:
        whether something was created.

    Raises:
        TlsError: a certificate without its key, no openssl, or a folder that cannot be written.
    """
    with _exclusive(tls):
        _finish_install(tls)
        if tls.cert.exists() and tls.key.exists():
            return False
        if tls.cert.exists():
            raise TlsError("key-missing", cert=tls.cert, key_file=tls.key)
        if not tls.key.exists():
            key = _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
            atomic.write(tls.key, key, 0o600)
        _self_sign(tls, names)
        return True


def renew_if_due(tls: Tls, names: Sequence[str], now: float) -> bool:
    """Renews a certificate of ours that ends within 30 days of `now` (seconds since the epoch)."""
    certificate = read_certificate(tls.cert)
    if not certificate.is_ours or certificate.expires - now > RENEW_BEFORE_S:
        return False
    renew(tls, names)
    return True


def renew(tls: Tls, names: Sequence[str]) -> None:
    """A new certificate of ours for the key that is there; TlsError for one that somebody else issued."""
    with _exclusive(tls):
        if not read_certificate(tls.cert).is_ours:
            raise TlsError("not-ours", cert=tls.cert)
        check_pair(tls.cert, tls.key)
        atomic.write(_beside(tls.cert, ".bak"), _contents(tls.cert), 0o644)
        _self_sign(tls, names)


def install(tls: Tls, cert: Path, key: Path) -> None:
    """Puts a certificate (with its chain) and its key in place of the present ones, which become `.bak`.

    The pair is checked first. A tool killed on the way leaves the old pair or the new one: both new files are
    complete beside the old ones before the first takes its place, and `ensure_certificate` ends a half move.
    """
    check_pair(cert, key, key_mode=False)
    with _exclusive(tls):
        _finish_install(tls)
        for path, mode in (tls.key, 0o600), (tls.cert, 0o644):
            if path.exists():
                atomic.write(_beside(path, ".bak"), _contents(path), mode)
        atomic.write(_beside(tls.cert, ".new"), _contents(cert), 0o644)
        new_key = _beside(tls.key, ".new")
        atomic.write(new_key, _contents(key), 0o600)
        _hand_over(tls.key, new_key)
        new_key.replace(tls.key)
        atomic.sync_folder(tls.key.parent)
        _finish_install(tls)


def fingerprint(cert_path: Path) -> str:
    """SHA-256 of the certificate, `AA:BB:…`; TlsError when there is none."""
    return read_certificate(cert_path).sha256


def expires(cert_path: Path) -> float:
    """When the certificate ends, in seconds since the epoch; TlsError when there is none."""
    return read_certificate(cert_path).expires


def read_certificate(path: Path) -> Certificate:
    """The first certificate of the file; TlsError when there is none."""
    try:
        return Certificate.load(path)
    except OSError as failed:
        raise TlsError("unreadable", file=path, reason=failed.strerror) from failed
    except ValueError as wrong:
        raise TlsError("not-certificate", file=path) from wrong


def server_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or better, without compression, renegotiation, tickets; client certificates where a CA is set.

    Raises:
        TlsError: the pair, the client CA or the revocation list cannot be used.
    """
    check_pair(settings.tls.cert, settings.tls.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    _load_pair(context, settings.tls.cert, settings.tls.key)
    if settings.auth.client_ca:
        _load_authorities(context, settings.auth.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        if settings.auth.client_crl:
            _load_authorities(context, settings.auth.client_crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def reload_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    """New handshakes on a live context get the pair and the client CAs in the files (SEC-31).

    OpenSSL keeps one certificate for each type of key, so a pair loaded into a live context may not be the
    one that is served: handshakes move to a fresh context instead. Whether client certificates are asked for
    at all stays as it was; that needs new listeners.

    Raises:
        TlsError: the files cannot be used; the old pair keeps serving.
    """
    fresh = server_context(settings)

    def move(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _old: ssl.SSLContext) -> None:
        connection.context = fresh

    context.sni_callback = move


def check_pair(cert: Path, key: Path, *, key_mode: bool = True) -> None:
    """TlsError unless the files are a certificate and its key, the key without passphrase.

    Args:
        key_mode: also refuse a key that group or others may read.
    """
    read_certificate(cert)
    if key_mode and key_is_open(key):
        raise TlsError("key-open", key_file=key)
    _load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert, key)


def key_is_open(key: Path) -> bool:
    """Whether group or others have any right on the key file."""
    try:
        return bool(stat.S_IMODE(key.stat().st_mode) & 0o077)
    except OSError as failed:
        raise TlsError("unreadable", file=key, reason=failed.strerror) from failed


def _load_pair(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    def no_passphrase() -> str:
        raise TlsError("passphrase", key_file=key)

    try:
        context.load_cert_chain(cert, key, password=no_passphrase)
    except ssl.SSLError as wrong:
        raise TlsError("not-a-pair", cert=cert, key_file=key) from wrong
    except OSError as failed:
        raise TlsError("unreadable", file=key, reason=failed.strerror) from failed


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as wrong:
        raise TlsError("not-certificate", file=path) from wrong
    except OSError as failed:
        raise TlsError("unreadable", file=path, reason=failed.strerror) from failed


def _self_sign(tls: Tls, names: Iterable[str]) -> None:
    alternatives = [known for name in names if (known := _alternative(name))]
    common_name = next((name for name in names if _DNS.fullmatch(name)), "localhost")[:64]
    certificate = _openssl(
        *("req", "-x509", "-new", "-sha256", "-config", "/dev/null", "-key", str(tls.key)),
        *("-days", str(DAYS), "-subj", f"/O={OURS.decode()}/CN={common_name}"),
        *("-addext", f"subjectAltName={','.join(alternatives)}"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
        *("-addext", "keyUsage=critical,digitalSignature"),
        *("-addext", "extendedKeyUsage=serverAuth"),
    )
    atomic.write(tls.cert, certificate, 0o644)


def _hand_over(path: Path, like: Path) -> None:
    """Gives a key that root placed to the account that owns the present one, the agent's."""
    if os.geteuid() == 0 and path.exists() and like.exists():
        owner = path.stat()
        os.chown(like, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _alternative(name: str) -> str:
    """The name as a subjectAltName, or "" when it can be none."""
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}" if _DNS.fullmatch(name) else ""


def _finish_install(tls: Tls) -> None:
    new_cert, new_key = _beside(tls.cert, ".new"), _beside(tls.key, ".new")
    if new_key.exists():
        new_key.unlink()
        new_cert.unlink(missing_ok=True)
    elif new_cert.exists():
        new_cert.replace(tls.cert)
        atomic.sync_folder(tls.cert.parent)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _contents(path: Path) -> bytes:
    with path.open("rb") as source:
        return source.read(_FILE_BYTES)


@contextmanager
def _exclusive(tls: Tls) -> Iterator[None]:
    try:
        for folder in {tls.key.parent, tls.cert.parent}:
            folder.mkdir(mode=0o755, exist_ok=True)
        with atomic.locked(_beside(tls.key, ".lock")):
            yield
    except atomic.LockedError as held:
        raise TlsError("locked", holder=held.holder) from held
    except OSError as failed:
        raise TlsError("unwritable", file=failed.filename or tls.cert, reason=failed.strerror) from failed


def _openssl(*arguments: str) -> bytes:
    """What the openssl program prints, within 30 seconds and without our environment (SEC-63)."""
    places = (f"{folder}/openssl" for folder in _PROGRAM_PATH.split(":"))
    program = next((place for place in places if os.access(place, os.X_OK)), None)
    if program is None:
        raise TlsError("no-openssl")
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_PROGRAM_ENV,
            cwd="/",
            timeout=_PROGRAM_S,
            check=True,
        )
    except subprocess.TimeoutExpired as late:
        raise TlsError("openssl-failed", reason=f"> {_PROGRAM_S:.0f} s") from late
    except subprocess.CalledProcessError as failed:
        reason = failed.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise TlsError("openssl-failed", reason=reason) from failed
    return done.stdout
