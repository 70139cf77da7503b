"""SEC-31: a certificate is replaced under running clients; a broken one changes nothing."""

from __future__ import annotations

import hashlib
import signal
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from esmctl import agent as control
from esmd.renewal import DAY_S, warning_due
from tests.running import RunningAgent, eventually, running_agent
from tests.security.wire import Wire, ask, request, tls_socket, unverified

CLIENTS = 20


def make_pair(folder: Path, *, key: str = "ec") -> tuple[Path, Path]:
    """A new certificate and its key."""
    folder.mkdir(exist_ok=True)
    cert, private = folder / "cert.pem", folder / "key.pem"
    kind = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[key]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-keyout", str(private), "-out", str(cert),
         "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return cert, private


def served(agent: RunningAgent) -> str:
    """SHA-256 of the certificate in a new handshake."""
    with tls_socket(agent, unverified()) as connected:
        der = connected.getpeercert(binary_form=True)
    assert der
    return hashlib.sha256(der).hexdigest()


def digest(cert: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path / "agent") as running:
        yield running
        assert "Traceback" not in running.log


def replace(agent: RunningAgent, cert: bytes, key: bytes) -> None:
    for name, data in ("server.key", key), ("server.pem", cert):
        new = agent.folder / "tls" / f"{name}.tmp"
        new.touch(mode=0o600)
        new.write_bytes(data)
        new.replace(agent.folder / "tls" / name)
    agent.process.send_signal(signal.SIGHUP)


def loop(agent: RunningAgent, stopping: threading.Event) -> Counter[str]:
    """A client that connects anew for each request; how often it ended how."""
    context = unverified()
    ends: Counter[str] = Counter()
    while not stopping.is_set():
        try:
            with tls_socket(agent, context) as connected:
                answer = Wire(connected).send(request()).answer()
            ends[str(answer and answer.status)] += 1
        except OSError as failed:
            ends[type(failed).__name__] += 1
    return ends


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_sec_31_replaced_under_running_clients(fresh: RunningAgent, tmp_path: Path, key: str) -> None:
    cert, private = make_pair(tmp_path / "new", key=key)
    stopping = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as clients, fresh.connect(tls=True) as kept:
        old = Wire(kept)
        first = old.send(request()).answer()
        assert first is not None
        assert first.status == 200
        loops = [clients.submit(loop, fresh, stopping) for _ in range(CLIENTS)]
        try:
            replace(fresh, cert.read_bytes(), private.read_bytes())
            eventually(lambda: _served_or_nothing(fresh) == digest(cert), "the new certificate is served")
            still = old.send(request()).answer()
        finally:
            stopping.set()
        ends = sum((client.result() for client in loops), Counter())
    assert still is not None, "a connection that was open stays open"
    assert still.status == 200
    assert set(ends) == {"200"}, ends


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("broken", ["no certificate", "another key", "empty", "half"])
def test_sec_31_a_broken_pair_changes_nothing(fresh: RunningAgent, tmp_path: Path, broken: str) -> None:
    cert, key = (path.read_bytes() for path in make_pair(tmp_path / "new"))
    _, other = make_pair(tmp_path / "other")
    pairs = {
        "no certificate": (b"nonsense\n", key),
        "another key": (cert, other.read_bytes()),
        "empty": (b"", b""),
        "half": (cert[: len(cert) // 2], key),
    }
    before = served(fresh)
    replace(fresh, *pairs[broken])
    eventually(lambda: "reload refused" in fresh.log, "the refusal is logged")
    assert served(fresh) == before
    replace(fresh, cert, key)
    eventually(
        lambda: _served_or_nothing(fresh) == digest(tmp_path / "new" / "cert.pem"), "a good pair is taken"
    )


def _served_or_nothing(agent: RunningAgent) -> str:
    try:
        return served(agent)
    except OSError:  # that a handshake may fail meanwhile is told by the test with many clients
        return ""


@pytest.mark.needs("openssl")
def test_sec_31_a_refused_reload_leaves_the_rest_as_it_was(fresh: RunningAgent, tmp_path: Path) -> None:
    strict = fresh.config.read_text().replace("loopback = true", "loopback = false")
    assert ask(fresh, request()).status == 200
    fresh.config.write_text(strict)
    replace(fresh, b"nonsense\n", make_pair(tmp_path / "new")[1].read_bytes())
    eventually(lambda: "reload refused" in fresh.log, "the refusal is logged")
    assert ask(fresh, request()).status == 200


def alerts(agent: RunningAgent) -> list[str]:
    """The names of the texts of what was told, newest first."""
    told = control.ask(agent.local_socket, "alert-list")["alerts"]
    return [each["message"]["key"] for each in told]


@pytest.mark.needs("openssl")
def test_sec_31_a_broken_pair_is_an_alert(fresh: RunningAgent, tmp_path: Path) -> None:
    replace(fresh, b"nonsense\n", make_pair(tmp_path / "new")[1].read_bytes())
    eventually(lambda: alerts(fresh).count("alerts.certificate-failed") == 1, "one alert tells of it")


@pytest.mark.needs("openssl")
def test_sec_31_the_end_is_announced_once(tmp_path: Path) -> None:
    """A certificate of somebody else's authority is not renewed by us: 30 days before, over restarts too."""
    home = tmp_path / "agent"
    with running_agent(home) as agent:
        assert "alerts.certificate-ends-soon" not in alerts(agent)
    cert, key = make_pair(tmp_path / "new")
    (home / "tls" / "server.pem").write_bytes(cert.read_bytes())
    (home / "tls" / "server.key").write_bytes(key.read_bytes())
    for _ in range(2):
        with running_agent(home) as agent:
            eventually(lambda: "alerts.certificate-ends-soon" in alerts(agent), "its end is told")
    with running_agent(home) as agent:
        assert alerts(agent).count("alerts.certificate-ends-soon") == 1


@pytest.mark.parametrize(
    ("days", "warning"), [(31, None), (30, 30), (8, 30), (7, 7), (1.5, 7), (1, 1), (0, 1), (-5, 1)]
)
def test_sec_31_which_warning_is_due(days: float, warning: int | None) -> None:
    assert warning_due(days * DAY_S) == warning
