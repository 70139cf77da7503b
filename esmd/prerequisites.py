"""What must be right before an agent starts or reloads: its files, and that it is alone on its state."""

from __future__ import annotations

import fcntl
import grp
import os
from collections.abc import Mapping
from pathlib import Path

from indications import class_xml, events
from indications.class_xml import ClassEntry
from indications.wrong import InputError
from openesm.settings import Settings
from openesm.text import Message


class StartError(Exception):
    """The agent cannot start; `message` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def read_class_xml(settings: Settings) -> Mapping[str, ClassEntry] | None:
    """class.xml as it is now; StartError when it cannot be used."""
    path = settings.monitoring.class_xml
    if path is None:
        return None
    try:
        return class_xml.parse(path.read_bytes(), str(path))
    except OSError as failed:
        raise StartError(
            Message.of("daemon.file-failed", path=path, reason=failed.strerror or failed)
        ) from failed
    except InputError as wrong:
        raise StartError(wrong.message) from wrong


def check_event_ids(settings: Settings) -> None:
    """StartError when the site wants another ID for an event that we do not have."""
    try:
        events.remapped(settings.alerts.event_ids)
    except InputError as wrong:
        raise StartError(wrong.message) from wrong


def group_id(name: str) -> int | None:
    """The group of the local socket; None where the machine has no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def lock_state(folder: Path) -> int:
    """Holds the state folder for this process; StartError when another agent has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as failed:
        raise StartError(
            Message.of("daemon.state-failed", path=folder, reason=failed.strerror or failed)
        ) from failed
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as held:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
        os.close(descriptor)
        raise StartError(Message.of("daemon.state-held", path=folder, pid=holder)) from held
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
