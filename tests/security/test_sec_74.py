"""SEC-74: nothing in the agent sends mail yet, so no header can be injected into any."""

from __future__ import annotations

import ast
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ROOMS = ("openesm", "providers", "indications", "subscription", "esmd", "esmctl")
MAILERS = {"smtplib", "email", "aiosmtplib", "mailbox"}


def test_sec_74_no_mail_leaves_the_agent() -> None:
    """When report method mail comes, this gate goes red, and its own tests take its place."""
    for path in (file for room in ROOMS for file in (PROJECT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not MAILERS & {name.partition(".")[0] for name in names}, path
