"""Client certificates end to end: a CA, certificates of the openssl program, and who they stand for."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningAgent, running_agent
from tests.security.wire import Answer, Wire, basic, call, request, tls_socket

pytestmark = pytest.mark.needs("openssl")
CONFIG = """
[ca]
default_ca = ours
[ours]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
copy_extensions = none
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
"""


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "index").touch()
        (folder / "serial").write_text("1000\n")
        (folder / "config").write_text(CONFIG.format(folder=folder))
        ca = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]
        self._openssl(
            "req", "-x509", *self._new_key("ca"), "-out", "ca.pem", "-days", "30", "-subj", "/CN=CA", *ca
        )

    def issue(self, name: str, *, san: str = "", eku: str = "clientAuth") -> tuple[Path, Path]:
        """A certificate whose CN is `name`, and its key."""
        extensions = ["basicConstraints=CA:FALSE"]
        extensions += [f"subjectAltName={san}"] if san else []
        extensions += [f"extendedKeyUsage={eku}"] if eku else []
        (self.folder / "extensions").write_text("\n".join(extensions) + "\n")
        self._openssl(
            "req", *self._new_key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}", "-config", "config"
        )
        self._openssl(
            *("ca", "-batch", "-config", "config", "-notext", "-in", f"{name}.csr", "-out", f"{name}.pem"),
            *("-extfile", "extensions"),
        )
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def revoke(self, name: str) -> None:
        self._openssl("ca", "-config", "config", "-revoke", f"{name}.pem")

    def crl(self) -> Path:
        self._openssl("ca", "-config", "config", "-gencrl", "-out", "crl.pem")
        return self.folder / "crl.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def _new_key(self, name: str) -> list[str]:
        return ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", f"{name}.key"]

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=30)


def sha256(cert: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    authority = Authority(tmp_path_factory.mktemp("pki") / "ours")
    authority.issue("finger")
    authority.issue("uri", san="URI:spiffe://example.com/console")
    authority.issue("dns", san="DNS:console.example.com")
    authority.issue("email", san="email:ops@example.com")
    authority.issue("admin")  # its CN is the name of a user; that counts for nothing
    authority.issue("server", san="email:ops@example.com", eku="serverAuth")
    authority.issue("noeku", san="email:ops@example.com", eku="")
    authority.issue("revoked", san="email:ops@example.com")
    authority.issue("gone", san="email:gone@example.com")
    authority.revoke("revoked")
    return authority


@pytest.fixture(scope="module")
def trusting(ours: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent that maps certificates of `ours`."""
    mapping = {
        f"sha256:{sha256(ours.folder / 'finger.pem')}": "admin",
        "uri:spiffe://example.com/console": "operator",
        "dns:console.example.com": "viewer",
        "email:ops@example.com": "viewer",
        "email:gone@example.com": "nobody-of-this-name",
    }
    auth = f'client_ca = "{ours.certificate}"\nclient_crl = "{ours.crl()}"\n[auth.client_users]\n' + "".join(
        f'"{name}" = "{user}"\n' for name, user in mapping.items()
    )
    with running_agent(tmp_path_factory.mktemp("trusting"), auth=auth) as running:
        yield running
        assert "Traceback" not in running.log


def asked(
    agent: RunningAgent, shown: tuple[Path, Path] | None, auth: str | None = None, body: bytes | None = None
) -> Answer | None:
    """The answer to a client with a certificate; None when the handshake is refused."""
    context = ssl.create_default_context(cafile=str(agent.certificate))
    if shown is not None:
        context.load_cert_chain(*shown)
    try:
        with tls_socket(agent, context) as connected:
            return Wire(connected).send(request(body, auth=auth)).answer()
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return None


def pair(authority: Authority, name: str) -> tuple[Path, Path]:
    return authority.folder / f"{name}.pem", authority.folder / f"{name}.key"


@pytest.mark.parametrize("name", ["finger", "uri", "dns", "email"])
def test_a_mapped_certificate_needs_no_password(trusting: RunningAgent, ours: Authority, name: str) -> None:
    before = trusting.audit
    answer = asked(trusting, pair(ours, name))
    assert answer is not None
    assert answer.status == 200
    assert "auth-fail" not in trusting.audit.removeprefix(before)


@pytest.mark.parametrize("name", ["admin", "noeku", "gone"])
def test_an_unmapped_certificate_falls_to_the_password_and_is_logged(
    trusting: RunningAgent, ours: Authority, name: str
) -> None:
    before = trusting.audit
    without = asked(trusting, pair(ours, name))
    with_password = asked(trusting, pair(ours, name), basic("viewer"))
    assert without is not None
    assert with_password is not None
    assert (without.status, with_password.status) == (401, 200)
    lines = trusting.audit.removeprefix(before).splitlines()
    assert sum('reason="client certificate: ' in line for line in lines) == 2


@pytest.mark.parametrize("name", ["revoked", "server"])
def test_a_certificate_that_is_not_valid_ends_the_handshake(
    trusting: RunningAgent, ours: Authority, name: str
) -> None:
    assert asked(trusting, pair(ours, name), basic("admin")) is None


def test_a_certificate_of_a_stranger_ends_the_handshake(trusting: RunningAgent, tmp_path: Path) -> None:
    theirs = Authority(tmp_path / "theirs")
    issued = theirs.issue("email", san="email:ops@example.com")
    assert asked(trusting, issued, basic("admin")) is None


def test_without_a_certificate_the_password_counts(trusting: RunningAgent) -> None:
    answers = [asked(trusting, None, auth) for auth in (None, basic("admin"))]
    assert [answer and answer.status for answer in answers] == [401, 200]


def test_the_mapped_user_has_the_users_role(trusting: RunningAgent, ours: Authority) -> None:
    delete = call(
        "DeleteInstance",
        '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="ESM_Alive"/></IPARAMVALUE>',
    )
    answers = {name: asked(trusting, pair(ours, name), body=delete) for name in ("finger", "uri", "dns")}
    codes = {name: answer.code for name, answer in answers.items() if answer}
    assert codes["uri"] == codes["dns"] == 2
    assert codes["finger"] not in (None, 2)
