"""Which agent a command is about: its configuration file and its socket.

The configuration: `--config`, else $OPENESM_CONFIG, else what the agent at `--socket` or $OPENESM_SOCKET
says, else ./run/esmd.toml, else /etc/openesm/esmd.toml. The socket: `--socket`, else $OPENESM_SOCKET, else
the one in a configuration named above or in ./run/esmd.toml, else ./run/esmd.sock, else
/run/openesm/esmd.sock. What stands in ./run counts only when it belongs to the user who runs the tool
(SEC-64).
"""

import argparse
import os
from pathlib import Path

from esmctl import agent
from esmctl.failure import NO_AGENT, FailureError
from openesm.settings import Settings, SettingsError, load
from openesm.text import say

CONFIG = Path("/etc/openesm/esmd.toml")
SOCKET = Path("/run/openesm/esmd.sock")


def config_path(args: argparse.Namespace) -> Path:
    """The configuration file, absolute; it need not exist."""
    named = _named_config(args)
    if named:
        return named
    if socket := _named_socket(args):
        return Path(str(agent.ask(socket, "status").get("config", CONFIG)))
    return _near("esmd.toml") or CONFIG


def socket_path(args: argparse.Namespace) -> Path:
    """Where the agent should listen for tools."""
    if socket := _named_socket(args):
        return socket
    if config := _named_config(args) or _near("esmd.toml"):
        return load(config).state.socket
    return _near("esmd.sock") or SOCKET


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings in the configuration file; SettingsError when it cannot be used."""
    return load(config_path(args))


def reload_agent(args: argparse.Namespace) -> str:
    """Asks the running agent to read its files again; the line to show, also when no agent runs."""
    try:
        agent.ask(socket_path(args), "reload")
    except FailureError as failed:
        if failed.code == NO_AGENT:
            return say("esmctl.reload-later")
        raise
    except SettingsError:
        return say("esmctl.reload-later")
    return say("esmctl.reloaded")


def _named_config(args: argparse.Namespace) -> Path | None:
    named = args.config or os.environ.get("OPENESM_CONFIG")
    return Path(named).absolute() if named else None


def _named_socket(args: argparse.Namespace) -> Path | None:
    named = args.socket or os.environ.get("OPENESM_SOCKET")
    return Path(named) if named else None


def _near(name: str) -> Path | None:
    path = Path("run", name).absolute()
    try:
        owners = {path.parent.lstat().st_uid, path.lstat().st_uid}
    except OSError:
        return None
    return path if owners == {os.geteuid()} else None
