"""esmctl status: what the agent does, on one screen of 24 lines of 80 columns."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from esmctl import agent, remote
from esmctl.output import Table, shortened, visible, width
from esmctl.place import socket_path
from openesm.text import locale_language, say

LINES, COLUMNS = 24, 80
_LABEL_COLUMNS = 13


def arguments(parser: argparse.ArgumentParser) -> None:
    remote.add_arguments(parser)


def run(args: argparse.Namespace) -> int | Table:
    if args.server:
        return remote.status(args)
    result = agent.ask(socket_path(args), "status")
    if args.json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(screen(result, time.time()))
    return 0


def screen(result: Mapping[str, Any], now: float) -> str:
    """The status as text, never more than 23 lines so that the prompt stays on the screen.

    Args:
        result: of the command `status`, see `esmctl.agent`.
        now: seconds since the epoch.
    """
    lines = [
        shortened(say("esmctl.status-head", **_pick(result, "version", "system_name")), COLUMNS),
        *(_row(label, text) for label, text in _rows(result, now)),
    ]
    if len(lines) >= LINES:
        more = len(lines) - LINES + 2
        lines = [*lines[: LINES - 2], say("esmctl.status-more", count=more)]
    return "".join(f"{line}\n" for line in lines)


def _rows(result: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    uptime = _duration(float(result.get("uptime_s", 0)))
    yield "status-running", say("esmctl.status-running-value", time=uptime, **_pick(result, "pid"))
    mode = "service" if result.get("service_mode") else "providers"
    yield "status-mode", say(f"esmctl.status-mode-{mode}")
    yield from _labelled("status-listens", [_listener(one) for one in result.get("listeners", ())] or ["-"])
    yield from _tls(result.get("tls") or {}, now)
    yield (
        "status-users",
        say("esmctl.status-users-value", **_pick(result.get("users", {}), "viewer", "operator", "admin")),
    )
    yield "status-failed", str(result.get("failed_logins_last_hour", "?"))
    yield (
        "status-traffic",
        say("esmctl.status-traffic-value", **_pick(result, "requests", "connections", "classes")),
    )
    yield "status-config", str(result.get("config", "?"))
    yield "status-state", str(result.get("state", "?"))
    yield from _labelled("status-services", _services(result.get("services", ())))
    yield from _labelled("status-warnings", [_warning(one) for one in result.get("warnings", ())])


def _labelled(label: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(texts):
        yield ("" if index else label), text


def _row(label: str, text: str) -> str:
    name = say(f"esmctl.{label}") if label else ""
    return shortened(name + " " * max(1, _LABEL_COLUMNS - width(name)) + visible(text), COLUMNS).rstrip()


def _listener(listener: Mapping[str, Any]) -> str:
    url = str(listener.get("url", "?"))
    return url if listener.get("tls") else say("esmctl.status-plaintext", url=url)


def _tls(tls: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    if not tls:
        return
    ends = float(tls.get("expires", 0))
    date = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    yield "status-cert", say("esmctl.status-cert-value", date=date, days=int((ends - now) // 86400))
    digest = str(tls.get("sha256", ""))
    yield from _labelled("status-sha256", [digest[:47], digest[48:]])


def _services(services: list[Mapping[str, Any]]) -> list[str]:
    by_state: dict[str, list[str]] = {}
    for service in services:
        by_state.setdefault(str(service.get("state", "?")), []).append(str(service.get("name", "?")))
    return [f"{state}: {', '.join(names)}" for state, names in sorted(by_state.items())]


def _warning(warning: Mapping[str, Any]) -> str:
    return agent.known(str(warning.get("key", "?")), dict(warning.get("args", {}))).text(locale_language())


def _duration(seconds: float) -> str:
    minutes, _ = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return say("esmctl.duration", days=days, hours=f"{hour:02d}", minutes=f"{minute:02d}")


def _pick(source: Mapping[str, Any], *names: str) -> dict[str, object]:
    return {name: source.get(name, "?") for name in names}
