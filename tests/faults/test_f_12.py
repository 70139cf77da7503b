"""F12, SEC-32: a listener whose certificate is not the right one gets nothing, until somebody mends that."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.receiver import receiving
from tests.faults.rig import SETTINGS, Rig
from tests.faults.test_f_10 import why
from tests.indications.delivery.fake import certificate, server_side
from tests.running import RunningAgent, eventually

pytestmark = pytest.mark.needs("openssl")


def esmctl(agent: RunningAgent, *argv: str) -> None:
    """A command for the agent, as an administrator gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "esmctl.main", *argv, "--socket", str(agent.local_socket)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("made", "trusted", "reason"),
    [
        pytest.param({}, "system", "delivery.certificate-unknown-authority", id="self-signed"),
        pytest.param({"host": "elsewhere"}, "ca", "delivery.certificate-wrong-host", id="for another host"),
        pytest.param({"days": -1}, "ca", "delivery.certificate-expired", id="expired"),
        pytest.param({}, "pin", "delivery.pin-mismatch", id="another pin"),
    ],
)
def test_the_wrong_certificate(tmp_path: Path, made: dict[str, Any], trusted: str, reason: str) -> None:
    """The reason is told, nothing is sent; a new certificate and `destination trust` mend it, no restart."""
    bad = certificate(tmp_path, "bad", **made)
    good = certificate(tmp_path, "good")
    tls = server_side(bad)
    words = {"system": "system", "ca": f"ca {bad[0]}", "pin": f"pin sha256:{'0' * 64}"}[trusted]
    with receiving(tls) as receiver:
        trust = f'[delivery.trust]\n"{receiver.url("a")}" = "{words}"\n'
        rig = Rig(tmp_path / "agent", receiver, ["a"], settings=f"{SETTINGS}{trust}")
        rig.prepare()
        with rig.agent() as agent:
            assert rig.tell(agent, 2)
            eventually(lambda: why(agent, "a") == reason, f"told: {reason}")
            assert not receiver.asked
            tls.load_cert_chain(*good)
            config = ("--config", str(agent.config))
            esmctl(agent, "destination", "trust", receiver.url("a"), "--ca", str(good[0]), *config)
            receiver.wait_for("a", 3)
            assert "Traceback" not in agent.log
        rig.settings = f'{SETTINGS}[delivery.trust]\n"{receiver.url("a")}" = "ca {good[0]}"\n'
        rig.drain()
        rig.check()


def test_old_protocols_are_not_spoken(tmp_path: Path) -> None:
    pair = certificate(tmp_path, "good")
    tls = server_side(pair)
    with pytest.warns(DeprecationWarning):
        tls.minimum_version, tls.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with receiving(tls) as receiver:
        trust = f'[delivery.trust]\n"{receiver.url("a")}" = "ca {pair[0]}"\n'
        rig = Rig(tmp_path / "agent", receiver, ["a"], settings=f"{SETTINGS}{trust}")
        rig.prepare()
        with rig.agent() as agent:
            assert rig.tell(agent, 1)
            eventually(lambda: str(why(agent, "a")).startswith("delivery.tls-"), "told: no TLS with it")
            assert not receiver.asked
