"""Who may change correlation, and when (R-4, R-62)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from esmd.audit import Audit
from esmd.auth.authenticator import admitted
from esmd.auth.users import Role
from esmd.correlation.orders import Orders
from esmd.correlation.running import Life
from esmd.daemon import Agent
from esmd.service import RefusedError
from openesm.settings import load
from tests.running import free_ports, write_users

SOMEBODY = admitted("somebody")
RULES = "[a]\nCON=E.K==a\nSUCCESS_EVENT=E.K:b\n"
CHANGES = {"apply", "clear", "enable", "disable", "start", "stop", "set", "backfill"}


def agent_in(folder: Path) -> Agent:
    write_users(folder / "users")
    config = folder / "esmd.toml"
    config.write_text(
        f"[listen]\nhttp_port = {free_ports(1)[0]}\nhttps_port = 0\nwsman_port = 0\n"
        f'[auth]\nusers_file = "users"\nallow_plaintext_loopback = true\n'
        f'[state]\ndir = "state"\nsocket = "esmd.sock"\n'
    )
    settings = load(config)
    return Agent(settings, lambda: settings)


@pytest.mark.parts
def test_r_4_nothing_is_changed_while_it_starts_or_stops(tmp_path: Path) -> None:
    async def story() -> list[Life]:
        agent = agent_in(tmp_path)
        correlation = agent._correlation
        orders = Orders(correlation)
        lives = [correlation.life]
        for order in (orders.apply, orders.clear, orders.enable, orders.stop, orders.set):
            with pytest.raises(RefusedError, match="while correlation is starting"):
                order(SOMEBODY, {"definition": RULES})
        await agent.start()
        lives.append(correlation.life)
        orders.apply(SOMEBODY, {"definition": RULES})
        orders.enable(SOMEBODY, {})
        lives.append(correlation.life)
        orders.stop(SOMEBODY, {})
        lives.append(correlation.life)
        orders.apply(SOMEBODY, {"definition": RULES.replace("[a]", "[paused]")})
        stopping = asyncio.create_task(correlation.stop())
        await asyncio.sleep(0)  # a turn of the loop: its first step
        lives.append(correlation.life)
        with pytest.raises(RefusedError, match="while correlation is stopping"):
            orders.apply(SOMEBODY, {"definition": RULES})
        await stopping
        lives.append(correlation.life)
        orders.apply(SOMEBODY, {"definition": RULES.replace("[a]", "[stopped]")})
        assert [each.name for each in correlation.state.definition.conditions] == ["stopped"]
        await agent.stop()
        return lives

    assert asyncio.run(story()) == [
        Life.STARTING,
        Life.DISABLED,
        Life.RUNNING,
        Life.PAUSED,
        Life.STOPPING,
        Life.STOPPED,
    ]


@pytest.mark.parts
def test_r_62_only_administrators_change_it(tmp_path: Path) -> None:
    async def roles() -> dict[str, Role]:
        agent = agent_in(tmp_path)
        await agent.start()
        commands = Orders(agent._correlation).commands(Audit(lambda _line: None))
        await agent.stop()
        return {name: role for name, (role, _) in commands.items()}

    found = asyncio.run(roles())
    admins = {name for name, role in found.items() if role is Role.ADMIN}
    assert admins == {f"correlation-{each}" for each in CHANGES} | {"group-apply"}
    assert {name for name, role in found.items() if role is Role.OPERATOR} == {"event-send"}
