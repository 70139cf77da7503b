"""Providers written for cmpi-bindings, in a folder that the agent's configuration names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pywbem

from esmctl.agent import ask
from tests.others.suite import NAMESPACE, SAMPLES, Suite, lamp, settings_with, subscribed
from tests.running import PASSWORD, RunningAgent, eventually, running_agent


@dataclass(frozen=True, slots=True)
class Own:
    agent: RunningAgent

    def connection(self) -> pywbem.WBEMConnection:
        return pywbem.WBEMConnection(self.agent.http, ("admin", PASSWORD), NAMESPACE)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    place = tmp_path_factory.mktemp("others")
    settings = settings_with(place, *sorted(SAMPLES.glob("acme_lamps.*")))
    with running_agent(place / "agent", settings=settings) as agent:
        yield Own(agent)


class TestHere(Suite):
    """In the agent itself."""

    def test_an_indication_waits_for_its_listener_and_is_on_record(self, host: Own) -> None:
        with subscribed(host.connection()) as told:
            host.connection().InvokeMethod("Switch", lamp("desk"), On=True)
            eventually(lambda: told, "it has arrived", 30)
        alerts = ask(host.agent.local_socket, "alert-list")["alerts"]
        assert any("Acme_LampSwitched" in str(each) for each in alerts)


def test_what_cannot_be_used_is_left_out_and_told(tmp_path: Path) -> None:
    """The agent starts without it."""
    source = tmp_path / "source"
    source.mkdir()
    for name, text in {
        "broken.py": "def get_providers(env:\n",
        "exits.py": "import sys\nsys.exit(3)\n",
        "key.py": "def get_providers(env):\n    return {}\n",
        "key.mof": "Qualifier Key : string = NULL, Scope(property);\n",
        "raises.py": "raise ValueError('no device')\n",
        "undeclared.py": "def get_providers(env):\n    return {'Acme_None': object()}\n",
        "ours.py": "def get_providers(env):\n    return {'ESM_Alive': object()}\n",
        "wrong.py": "def get_providers(env):\n    return {}\n",
        "wrong.mof": "class Acme_Wrong { [Key] string Name }\n",
        "again.py": "def get_providers(env):\n    return {}\n",
        "again.mof": "class ESM_Alive { [Key] string InstanceID; };\n",
        "open.py": "",
    }.items():
        (source / name).write_text(text)
    settings = settings_with(tmp_path, *source.iterdir())
    (tmp_path / "providers" / "open.py").chmod(0o666)
    with running_agent(tmp_path / "agent", settings=settings) as agent:
        warnings = str(ask(agent.local_socket, "status")["warnings"])
        for name in ("broken", "exits", "raises", "undeclared", "ours", "open"):
            assert f"{name}.py" in warnings
        for name in ("wrong", "again", "key"):
            assert f"{name}.mof" in warnings
        own = Own(agent).connection()
        assert len(own.EnumerateInstances("ESM_Alive")) == 1
