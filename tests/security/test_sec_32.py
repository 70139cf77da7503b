"""SEC-32: listeners' certificates are checked unless somebody says otherwise for one of them, on record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.receiver import receiving
from tests.faults.rig import Rig
from tests.faults.test_f_10 import why
from tests.indications.delivery.fake import certificate, server_side
from tests.running import RunningAgent, eventually


def trust(agent: RunningAgent, url: str, *words: str) -> None:
    """`esmctl destination trust`, as an administrator gives it."""
    place = ("--socket", str(agent.local_socket), "--config", str(agent.config))
    argv = [sys.executable, "-m", "esmctl.main", "destination", "trust", url, *words, *place]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)


@pytest.mark.needs("openssl")
def test_sec_32_checked_by_default(tmp_path: Path) -> None:
    with receiving(server_side(certificate(tmp_path, "own"))) as receiver:
        rig = Rig(tmp_path / "agent", receiver, ["a", "b"])
        rig.prepare()
        with rig.agent() as agent:
            assert rig.tell(agent, 1)
            for name in "a", "b":
                eventually(lambda: why(agent, name) == "delivery.certificate-unknown-authority", "refused")  # noqa: B023
            assert not receiver.asked
            trust(agent, receiver.url("a"), "--off")
            receiver.wait_for("a", 1)
            assert set(receiver.asked) == {"/a"}, "the other destination is checked as before"
            assert f'destination="{receiver.url("a")}"' in agent.audit
            assert 'trust="verify off"' in agent.audit
