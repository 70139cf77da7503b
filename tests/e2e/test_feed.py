"""Indications fetched over the local socket, as the provider inside tog-pegasus fetches them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from esmctl.agent import ask
from esmctl.failure import FailureError
from indications.alert import from_json
from tests.faults.rig import GoneError, kill
from tests.running import RunningAgent, running_agent


def following(agent: RunningAgent, after: str = "", wait_s: float = 5) -> list[dict[str, Any]]:
    told = ask(agent.local_socket, "indications-next", after=after, wait_s=wait_s)
    rows: list[dict[str, Any]] = told["rows"]
    return rows


def uuids(rows: list[dict[str, Any]]) -> list[str]:
    return [from_json(row["text"]).uuid for row in rows]


def alert(agent: RunningAgent) -> str:
    return str(ask(agent.local_socket, "alert-test")["uuid"])


def test_each_once_in_order_over_restart_and_kill(tmp_path: Path) -> None:
    with suppress(GoneError), running_agent(tmp_path) as agent:
        following(agent, wait_s=0)  # from here on there is a queue
        told = [alert(agent) for _ in range(3)]
        rows = following(agent)
        assert uuids(rows)[-3:] == told
        assert uuids(following(agent))[-3:] == told, "until somebody says that it has them"
        token = rows[-2]["token"]
        kill(agent)
    with running_agent(tmp_path) as agent:
        rows = following(agent, token)
        assert uuids(rows)[0] == told[-1], "what was delivered does not come again"
        assert [row["sequence"] for row in rows] == list(
            range(rows[0]["sequence"], rows[0]["sequence"] + len(rows))
        )
        token = rows[-1]["token"]
        later = alert(agent)
        assert uuids(following(agent, token)) == [later]


def test_it_is_there_beside_the_others(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        following(agent, wait_s=0)
        (shown,) = ask(agent.local_socket, "subscription-list")["subscriptions"]
        assert (shown["destination"], shown["url"]) == ("OpenESM:pegasus", "local:pegasus")


@pytest.mark.parametrize("token", ["17", "OpenESM#0#0/17", "x/y", "/", "../9" * 9])
def test_a_token_of_another_store_forgets_nothing(tmp_path: Path, token: str) -> None:
    with running_agent(tmp_path) as agent:
        following(agent, wait_s=0)
        told = alert(agent)
        assert uuids(following(agent, token))[-1] == told


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        for wrong in ({"after": 7}, {"wait_s": "long"}):
            with pytest.raises(FailureError):
                ask(agent.local_socket, "indications-next", **wrong)


def test_the_agent_tells_its_state(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        state = ask(agent.local_socket, "agent-state")
        assert state["service_mode"] is True
        assert "Sampler" in [each["name"] for each in state["services"]]
