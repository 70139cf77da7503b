"""What administrators write: settings and users are read, or all that is wrong is told with its line."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hypothesis import strategies as st

from esmd.auth.users import Users, UsersError
from openesm.settings import Settings, SettingsError, parse
from openesm.settings.reading import read
from openesm.settings.reference import sample
from tests.fuzz.hunt import broken, broken_text, hunt, rearranged

FILE = Path("/etc/openesm/esmd.toml")
SETTINGS = (
    "[listen]\nscope = 'all'\nhttp_port = 0\nhttps_port = 5989\n[limits]\nheader_s = 1.5\nconnections = 10\n",
    "[state]\ndir = 'state'\n[log]\naudit = 'a.log'\n[host]\nsample_s = 2\nauth.users_file = \"x\"\n",
    '[auth.client_users]\n"SHA256:' + "AB:" * 31 + 'AB" = "ops"\n"uri:urn:x" = "web"\n',
    "listen.https_port = 1_000\nlisten.scope = '''all'''\n[tls]\nkey = '/k'\n[[more]]\na = {b = [1, 2]}\n",
)
TOKENS = [re.findall(r"\w+|\s|[^\w\s]", text) for text in (*SETTINGS, sample())]
HASH = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"
USERS = (
    f"# people\nalice:{HASH}:admin\nbob:{HASH}:operator:root/cimv2,interop\n\ncarol:{HASH}\n",
    f"dave:{HASH}:viewer:/root/ESMPRO/AS/\r\neve:{{SHA}}x:viewer\n",
)


def check_settings(text: str) -> None:
    try:
        assert isinstance(parse(text, FILE), Settings)
    except SettingsError as refused:
        assert refused.errors
        assert all(0 <= problem.line <= text.count("\n") + 1 for problem in refused.errors)
        assert refused.text("en") and refused.text("ja")


def check_settings_file(data: bytes) -> None:
    try:
        assert isinstance(read(data, FILE), Settings)
    except SettingsError as refused:
        assert refused.errors and refused.text("ja")


def check_users(text: str, repairing: bool) -> None:
    try:
        users = Users.parse(text, FILE, repairing=repairing)
    except UsersError as refused:
        assert refused.errors and refused.text("en") and refused.text("ja")
        return
    assert all(user.is_strong or repairing for user in users)
    assert len({user.name for user in users}) == len(users)
    lines = "\n".join(line if isinstance(line, str) else line.line for line in users.lines)
    assert list(Users.parse(lines, FILE, repairing=repairing)) == list(users)


def test_settings() -> None:
    hunt(check_settings, st.one_of(broken_text(SETTINGS), rearranged(TOKENS), st.text()))


def test_settings_files() -> None:
    hunt(check_settings_file, broken([text.encode() for text in SETTINGS]))


def test_users() -> None:
    hunt(check_users, st.one_of(broken_text(USERS), st.text()), st.booleans())


def test_any_flipped_byte_loads_or_is_refused_with_a_text() -> None:
    data = sample(active=True).encode()
    masks = [1 << bit for bit in range(8)] if os.environ.get("OPENESM_FUZZ") == "full" else [0]
    outcomes = {read: 0, SettingsError: 0}
    for at in range(len(data)):
        for mask in masks:
            flipped = bytearray(data)
            flipped[at] ^= mask or 1 << at % 8
            try:
                assert isinstance(read(bytes(flipped), FILE), Settings)
                outcomes[read] += 1
            except SettingsError as refused:
                assert refused.text("en").startswith(f"{FILE}:")
                assert refused.text("ja").startswith(f"{FILE}:")
                outcomes[SettingsError] += 1
    assert all(outcomes.values())
