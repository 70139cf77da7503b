"""The life of the agent's certificate: renewed where it is ours, else its end is announced (SEC-31)."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path

from esmd import tls
from esmd.alerts import Alerts
from indications import events
from indications.alert import agent_alert
from indications.events import What
from openesm.settings import Tls

DAY_S = 86400.0
WARNING_DAYS = (1, 7, 30)

log = logging.getLogger("openesm.tls")


def warning_due(left_s: float) -> int | None:
    """The warning that a certificate with so many seconds left deserves: 30, 7 or 1 days; None for none."""
    return next((days for days in WARNING_DAYS if left_s <= days * DAY_S), None)


def renewed(settings: Tls, system_name: str) -> bool:
    """Renews a certificate of ours that ends soon; TlsError when it cannot be read."""
    if not tls.renew_if_due(settings, tls.certificate_names(system_name), time.time()):
        return False
    log.info("renewed %s", settings.cert)
    return True


def tell_of_end(cert: Path, alerts: Alerts) -> None:
    """Each warning once for a certificate, over restarts too; TlsError when it cannot be read."""
    found = tls.read_certificate(cert)
    left_s = found.expires - time.time()
    days = warning_due(left_s)
    if days is not None:
        alert = agent_alert(
            events.CERTIFICATE,
            What.ENDS_SOON,
            alerts.occasion(),
            file=cert,
            days=max(0, math.floor(left_s / DAY_S)),
        )
        alerts.publish_once(f"certificate {found.sha256} {days}", alert)


def tell_of_failure(cert: Path, failed: tls.TlsError, alerts: Alerts) -> None:
    """A reload found a pair that cannot be used."""
    occasion = alerts.occasion()
    alerts.publish(agent_alert(events.CERTIFICATE, What.FAILED, occasion, file=cert, reason=failed.message))
