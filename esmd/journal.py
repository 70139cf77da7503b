"""The daemon's own log: text or JSON lines on standard error, where systemd's journal takes them."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

from openesm.settings import Log


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def start(settings: Log) -> None:
    """Sends everything of `openesm` and warnings of others to standard error; callable again on reload."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if settings.format == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("openesm").setLevel(settings.level.upper())


class AuditFile:
    """Appends lines to the audit log; opened for each line, so that it can be rotated at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failing = False

    def write(self, line: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a", encoding="utf-8", opener=_private) as file:
                file.write(f"{line}\n")
            self._failing = False
        except OSError as failed:
            if not self._failing:
                self._failing = True
                logging.getLogger("openesm.audit").error("audit log %s: %s", self._path, failed)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
