"""SEC-75: no SLP: nothing listens for it, and nothing speaks it."""

from __future__ import annotations

from pathlib import Path

from tests.running import RunningAgent
from tests.security.test_sec_73 import sockets_of, table

PROJECT = Path(__file__).parents[2]
ROOMS = ("openesm", "providers", "indications", "subscription", "esmd")
SLP_PORT = "01AB"  # 427


def test_sec_75_nothing_listens_for_slp(agent: RunningAgent) -> None:
    mine = sockets_of(agent)
    rows = [*table("tcp"), *table("tcp6"), *table("udp"), *table("udp6")]
    assert not [row for row in rows if row[9] in mine and row[1].endswith(f":{SLP_PORT}")]
    sources = [path.read_text("utf-8").lower() for room in ROOMS for path in (PROJECT / room).rglob("*.py")]
    assert not [text for text in sources if "239.255.255.253" in text or "service:wbem" in text]
