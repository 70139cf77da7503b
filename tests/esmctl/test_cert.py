import json
import subprocess
from pathlib import Path

import pytest

from esmd.tls import fingerprint
from openesm.settings import load
from tests.esmctl.conftest import Answers, Run

pytestmark = pytest.mark.needs("openssl")


@pytest.fixture
def cert(config: Path, run: Run) -> Path:
    assert run("setup")[0] == 0
    return load(config).tls.cert


def test_setup_is_repeated_without_change(config: Path, run: Run, cert: Path) -> None:
    before = fingerprint(cert), load(config).tls.key.read_bytes(), config.read_text()
    code, shown, _ = run("setup", "--yes")
    assert code == 0
    assert before[0] in shown
    assert "Remote access is off." in shown
    assert (fingerprint(cert), load(config).tls.key.read_bytes(), config.read_text()) == before


def test_show_and_renew(run: Run, cert: Path, control: Answers) -> None:
    shown = {row["what"]: row["value"] for row in json.loads(run("cert", "show", "--json")[1])}
    assert shown["sha256"] == fingerprint(cert)
    assert shown["days left"] in ("824", "825")
    assert shown["renews itself"] == "yes"
    assert run("cert", "renew")[0] == 0
    assert fingerprint(cert) != shown["sha256"]
    assert control.asked == [("/control", "reload")]


def test_install_takes_a_pair_only(config: Path, run: Run, cert: Path, tmp_path: Path) -> None:
    argv = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=other"]
    argv += ["-out", str(tmp_path / "a.pem"), "-keyout", str(tmp_path / "a.key")]
    subprocess.run(argv, check=True, capture_output=True)
    before = fingerprint(cert)
    code, _, said = run("cert", "install", "a.pem", load(config).tls.key)
    assert (code, fingerprint(cert)) == (1, before)
    assert "is not the private key" in said
    assert run("cert", "install", "a.pem", "a.key")[0] == 0
    assert fingerprint(cert) == fingerprint(tmp_path / "a.pem")
    code, _, said = run("cert", "renew")
    assert code == 1
    assert "issued by somebody else" in said


def test_expose_needs_somebody_who_can_log_in(config: Path, run: Run, cert: Path, control: Answers) -> None:
    before = config.read_text()
    code, _, said = run("expose", "all")
    assert (code, config.read_text()) == (1, before)
    assert "First add a user" in said
    (config.parent / "word").write_text("secret\n")
    run("user", "add", "ann", "--password-file", "word")
    load(config).tls.key.chmod(0o644)
    assert "chmod 0600" in run("expose", "all")[2]
    load(config).tls.key.chmod(0o600)
    assert run("expose", "all")[0] == 0
    assert config.read_text() == before.replace('"loopback"', '"all"')
    assert config.with_name("esmd.toml.bak").read_text() == before
    assert "Remote access is on." in run("setup")[1]
    assert run("expose", "loopback")[0] == 0
    assert config.read_text() == before
    assert control.asked == [("/control", "reload")] * 3


def test_expose_does_not_touch_what_it_cannot_edit(config: Path, run: Run, cert: Path) -> None:
    config.write_text("listen = { scope = 'loopback' }\n")
    code, _, said = run("expose", "loopback")
    assert code == 1
    assert 'Write scope = "loopback" into it by hand' in said
    config.write_text("[listen]\nhttp_port = 5988\n")
    assert "HTTP off loopback" in run("expose", "all")[2]
    assert config.read_text() == "[listen]\nhttp_port = 5988\n"


def test_doctor_says_what_to_do(config: Path, run: Run, cert: Path) -> None:
    code, shown, _ = run("doctor", "--json")
    results = {row["check"]: row for row in json.loads(shown)}
    assert code == 0
    assert results["config"]["result"] == results["key"]["result"] == results["state"]["result"] == "ok"
    assert results["agent"]["result"] == results["users"]["result"] == "warn"
    load(config).tls.key.chmod(0o640)
    config.with_name("users").write_text("ann:plain\n")
    config.with_name("users").chmod(0o640)
    load(config).state.dir.chmod(0o755)
    code, shown, _ = run("doctor", "--json")
    results = {row["check"]: row for row in json.loads(shown)}
    assert code == 1
    assert results["key"]["what"].endswith(f"chmod 0600 {load(config).tls.key}")
    assert results["users"]["what"].endswith("Run: esmctl user passwd ann")
    assert results["state"]["result"] == "warn"
    config.write_text("[listen]\nhttps_port = 0.5\n")
    code, shown, _ = run("doctor")
    assert code == 1
    assert f"{config}:2: listen.https_port must be a whole number." in shown
