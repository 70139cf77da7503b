"""Putting the agent on a machine: account, folders, configuration, systemd unit. Every step may be repeated.

With a root folder other than / (packaging, tests) accounts and owners are left alone.
"""

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from esmctl.failure import FailureError
from indications import class_xml
from openesm import atomic
from openesm.settings.reference import sample
from openesm.text import Message, locale_language

ACCOUNT = "openesm"
ADMIN_GROUP = "openesm-admin"
UNIT = "openesm.service"
PAM_UNIT = "openesm-pam.service"
_TOOL_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_TOOL_S = 30


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things go under a root folder."""

    root: Path = Path("/")

    @property
    def is_machine(self) -> bool:
        return self.root.resolve() == Path("/")

    @property
    def program(self) -> Path:
        return self.root / "opt/openesm/bin/esmd"

    @property
    def config(self) -> Path:
        return self.root / "etc/openesm/esmd.toml"

    @property
    def state(self) -> Path:
        return self.root / "var/lib/openesm"

    @property
    def unit(self) -> Path:
        return self.root / "etc/systemd/system" / UNIT

    def shipped(self) -> Iterator[tuple[Path, bytes]]:
        """Files that come with the program: where they go, and what is in them."""
        places = {
            UNIT: self.unit,
            PAM_UNIT: self.unit.with_name(PAM_UNIT),
            "openesm.pam": self.root / "etc/pam.d/openesm",
        }
        for name, path in places.items():
            yield path, resources.files("esmctl").joinpath(name).read_bytes()
        yield self.config.with_name("class.xml.sample"), class_xml.sample().encode()


def install(layout: Layout) -> Iterator[Message]:
    """Does what is missing and says each step; FailureError when a step cannot be done."""
    if layout.is_machine and os.geteuid() != 0:
        raise FailureError.of("install-needs-root")
    if not os.access(layout.program, os.X_OK):
        yield Message.of("esmctl.install-no-program", file=layout.program)
    if layout.is_machine:
        yield from _account()
    folder = layout.config.parent
    for path, mode in (folder, 0o750), (folder / "tls", 0o750), (layout.state, 0o700):
        if _folder(path, mode):
            yield Message.of("esmctl.install-made", file=path)
    if write_config(layout.config):
        yield Message.of("esmctl.install-made", file=layout.config)
    for path, content in layout.shipped():
        if _write_shipped(path, content):
            yield Message.of("esmctl.install-made", file=path)


def own(layout: Layout) -> None:
    """Gives the agent's account what it must write, and to read the rest, on the machine itself."""
    if not layout.is_machine:
        return
    account = pwd.getpwnam(ACCOUNT)
    folder = layout.config.parent
    for path in folder, layout.config:
        os.chown(path, 0, account.pw_gid)
    written = (folder / "tls", *(folder / "tls").glob("server.*"), layout.state)
    for path in written:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def write_config(path: Path) -> bool:
    """Writes the sample configuration unless there is one; whether it did."""
    if path.exists():
        return False
    atomic.write(path, sample(locale_language()).encode(), 0o640)
    return True


def _account() -> Iterator[Message]:
    steps: tuple[tuple[Callable[[str], object], str, tuple[str, ...]], ...] = (
        (grp.getgrnam, ACCOUNT, ("groupadd", "--system", ACCOUNT)),
        (grp.getgrnam, ADMIN_GROUP, ("groupadd", "--system", ADMIN_GROUP)),
        (pwd.getpwnam, ACCOUNT, _USERADD),
    )
    for look_up, name, argv in steps:
        try:
            look_up(name)
        except KeyError:
            _run(argv)
            yield Message.of("esmctl.install-account", name=name)


_USERADD = (
    *("useradd", "--system", "--gid", ACCOUNT, "--no-create-home", "--home-dir", "/var/lib/openesm"),
    *("--shell", "/usr/sbin/nologin", ACCOUNT),
)


def _run(argv: tuple[str, ...]) -> None:
    program = shutil.which(argv[0], path=_TOOL_PATH)
    if program is None:
        raise FailureError.of("install-no-tool", command=" ".join(argv))
    done = subprocess.run(
        [program, *argv[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": _TOOL_PATH, "LC_ALL": "C"},
        timeout=_TOOL_S,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip()
        raise FailureError.of("install-tool-failed", command=" ".join(argv), reason=reason)


def _folder(path: Path, mode: int) -> bool:
    if path.is_dir():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode)
    path.chmod(mode)
    return True


def _write_shipped(path: Path, content: bytes) -> bool:
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, content, 0o644)
    return True
