"""Whatever happens to the wall clock, correlation decides in its own time (R-47 to R-49)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from esmctl import agent as control
from tests.faults.clocks import STEPS, clocks
from tests.running import eventually, running_agent

pytestmark = pytest.mark.needs("gcc")
LONG_S, SHORT_S = 600, 3
RULES = f"""VERSION=2
[long]
CON=E.K==a
CON=E.K==b
TIMEOUT={LONG_S}
SUCCESS_EVENT=B.MESSAGE:both
FAIL_EVENT=B.MESSAGE:too early
[short]
CON=E.K==a
CON=E.K==c
TIMEOUT={SHORT_S}
FAIL_EVENT=B.MESSAGE:in time
"""


@pytest.mark.parametrize("step_s", STEPS)
def test_the_wall_clock_is_set(tmp_path: Path, step_s: int) -> None:
    """A set is neither given up at once nor kept for an hour."""
    moved = clocks(tmp_path)
    with running_agent(tmp_path / "agent", env=moved.env) as agent:

        def ask(command: str, **args: object) -> dict[str, Any]:
            return control.ask(agent.local_socket, command, **args)

        def issued() -> list[str]:
            listed = ask("event-list")["events"]
            found = [each["attributes"] for each in listed]
            return [each["B.MESSAGE"] for each in found if "E.JP1_GENERATE_NAME" in each]

        ask("correlation-apply", definition=RULES)
        ask("correlation-enable")
        begun = time.monotonic()
        ask("event-send", events=[{"E.K": "a"}])
        moved.set_wall(step_s)
        eventually(issued, "the short one has failed", SHORT_S + 20)
        assert time.monotonic() - begun >= SHORT_S
        ask("event-send", events=[{"E.K": "b"}])
        eventually(lambda: len(issued()) == 2, "the long one is complete", 20)
        assert issued() == ["in time", "both"]
