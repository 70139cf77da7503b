import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from esmctl import ports
from esmctl.checks import Subject, Verdict, findings
from esmctl.failure import FailureError
from esmctl.main import main
from esmctl.serve import announce_when_ready, keep_lock, prepare, prepare_admin
from esmd.auth.users import Role, Users
from openesm.settings import load, parse


@pytest.mark.needs("openssl")
def test_install_under_a_root_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "root"
    assert main(["setup", "--install", "--yes", "--root", str(root)]) == 0
    made = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert made == {
        "etc/openesm/esmd.toml",
        "etc/openesm/tls/server.key",
        "etc/openesm/tls/server.key.lock",
        "etc/openesm/tls/server.pem",
        "etc/pam.d/openesm",
        "etc/systemd/system/openesm-pam.service",
        "etc/openesm/class.xml.sample",
        "etc/systemd/system/openesm.service",
    }
    modes = {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert modes["etc/openesm"] == 0o750
    assert modes["var/lib/openesm"] == 0o700
    assert modes["etc/openesm/tls/server.key"] == 0o600
    assert load(root / "etc/openesm/esmd.toml").listen.https_port == 5989
    assert "opt/openesm/bin/esmd is not there yet" in capsys.readouterr().out
    assert main(["setup", "--install", "--yes", "--root", str(root)]) == 0
    assert "is made" not in capsys.readouterr().out


def test_install_asks_or_wants_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--install", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "esmctl: There is no terminal to ask. Say --yes.\n"


@pytest.mark.needs("systemd-analyze")
def test_the_unit_is_one_that_systemd_reads(tmp_path: Path) -> None:
    unit = tmp_path / "openesm.service"
    source = Path(sys.modules["esmctl"].__file__ or "").with_name("openesm.service").read_text()
    unit.write_text(
        source.replace("/opt/openesm/bin/esmd", sys.executable).replace(
            "/opt/openesm/bin/esmctl", sys.executable
        )
    )
    argv = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "openesm.service" in line]
    assert (done.returncode, ours) == (0, [])


def test_a_taken_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert (ports.holder(port) or "").startswith(f"{os.getpid()} (")
        settings = parse(f"[listen]\nhttps_port = {port}\n", Path("/nowhere/esmd.toml"))
        taken = {one.check: one for one in findings(Subject(settings, frozenset()))}["port"]
        ours = {one.check: one for one in findings(Subject(settings, frozenset({port})))}["port"]
    assert (taken.verdict, ours.verdict) == (Verdict.FAIL, Verdict.OK)
    assert f"is taken by {os.getpid()} (" in taken.message.text()
    assert ports.holder(port) is None


def test_source_tree_configuration_and_ports(tmp_path: Path) -> None:
    config = prepare(tmp_path, None)
    settings = load(config)
    assert (settings.listen.http_port, settings.listen.https_port) == (5988, 5989)
    assert settings.state.socket == tmp_path / "esmd.sock"
    assert settings.auth.allow_plaintext_loopback
    config.write_text(config.read_text() + "[mode]\nservice = false # mine\n")
    assert load(prepare(tmp_path, 10)).listen.https_port == 5999
    assert load(prepare(tmp_path, None)).listen.https_port == 5999
    assert config.read_text().endswith("[mode]\nservice = false # mine\n")


def test_source_tree_administrator(tmp_path: Path) -> None:
    file = tmp_path / "users"
    password = prepare_admin(file, None).rpartition(" ")[2].encode()
    users = Users.load(file)
    admin = users.get("admin")
    assert admin
    assert admin.role is Role.ADMIN
    assert users.verify(admin, password)
    assert prepare_admin(file, None) == ""
    before = file.stat().st_ino
    prepare_admin(file, password.decode())
    assert file.stat().st_ino == before
    prepare_admin(file, "another")
    assert Users.load(file).verify(Users.load(file).get("admin"), b"another")
    with pytest.raises(FailureError, match="OPENESM_PASSWORD"):
        prepare_admin(file, "")


def test_a_second_agent_in_the_folder_is_told_of_the_first(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from esmctl.serve import keep_lock\n"
        "keep_lock(pathlib.Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout
        first.stdout.readline()
        with pytest.raises(FailureError, match=f"another agent: {first.pid} "):
            keep_lock(tmp_path)
        first.communicate()


@pytest.mark.parametrize(("said", "shown"), [("READY=1\\n", "try this\nopenesm: ready\n"), ("", "")])
def test_ready_is_announced_only_when_the_agent_is(said: str, shown: str) -> None:
    assert callable(announce_when_ready)
    program = (
        "import os; from esmctl.serve import announce_when_ready\n"
        "announce_when_ready('try this')\n"
        f"os.write(int(os.environ['OPENESM_READY_FD']), b'{said}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == shown
