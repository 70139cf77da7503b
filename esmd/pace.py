"""How long listeners are waited for: the settings, or a monitor.ini that is read live (CAU-3)."""

from __future__ import annotations

import logging
from pathlib import Path

from indications import monitor_ini
from indications.monitor_ini import CimAlert
from indications.wrong import InputError
from openesm.settings import Delivery
from openesm.text import Message
from subscription.model import IndicationService, RemovalAction

HOUR_S, DAY_S = 3600, 86400
ATTEMPTS_MOST = 65535  # DeliveryRetryAttempts is uint16

log = logging.getLogger("openesm.delivery")


class Pace:
    """Retry interval, retention and removal.

    A monitor.ini that is wrong or gone changes nothing: what was read last stays, and one line tells of it.
    """

    def __init__(self, settings: Delivery) -> None:
        self._settings = settings
        self._file = CimAlert()
        self._stamp: tuple[Path, int, int, int] | None = None
        self.problem: Message | None = None
        self.look()

    def configure(self, settings: Delivery) -> None:
        self._settings = settings
        self.look()

    def look(self) -> None:
        """Reads monitor.ini when it is another than before; called each second."""
        path = self._settings.monitor_ini
        if path is None:
            self._file, self._stamp, self.problem = CimAlert(), None, None
            return
        try:
            status = path.stat()
            stamp = path, status.st_ino, status.st_mtime_ns, status.st_size
            if stamp != self._stamp:
                self._stamp = stamp
                self._file = monitor_ini.parse(path.read_bytes(), str(path))
                self._told(None)
        except OSError as failed:
            self._stamp = None
            self._told(Message.of("daemon.file-failed", path=path, reason=failed.strerror or failed))
        except InputError as wrong:
            self._told(wrong.message)

    def _told(self, problem: Message | None) -> None:
        if problem is not None and problem != self.problem:
            log.error("%s", problem)
        self.problem = problem

    @property
    def interval_s(self) -> int:
        """Seconds between two tries."""
        wait = self._file.wait_time_s
        return self._settings.interval_s if wait is None else max(1, wait)

    @property
    def attempts(self) -> int:
        """DeliveryRetryAttempts: with the interval it makes the retention (I05)."""
        count = self._file.retry_count
        if count is None:
            count = self._settings.retention_h * HOUR_S // self.interval_s
        return min(ATTEMPTS_MOST, count)

    @property
    def retention_s(self) -> float:
        """How long an indication waits for its listener; 0 when nothing is tried a second time."""
        if self._file.retry_count is None:
            return float(self._settings.retention_h * HOUR_S)
        return float(self.attempts * self.interval_s)

    @property
    def backlog_s(self) -> float:
        """How long a lapsed subscription's indications wait for its return."""
        return float(self._settings.retention_h * HOUR_S)

    def service(self) -> IndicationService:
        """As CIM_IndicationService shows it."""
        removal = RemovalAction[self._settings.removal.upper()]
        return IndicationService(self.attempts, self.interval_s, removal, self._settings.removal_days * DAY_S)
