"""Typed settings, read-only after load, from one TOML file.

The shape is in `model`, the rules of reading in `reading`; `python -m openesm.settings` prints
docs/configuration.md from the same declarations.
"""

from openesm.settings.model import (
    Auth,
    Delivery,
    Host,
    Limits,
    Listen,
    Log,
    Mode,
    Settings,
    State,
    Syslog,
    Tls,
)
from openesm.settings.problem import Problem, ProblemsError
from openesm.settings.reading import SettingsError, load, parse, with_overrides

__all__ = [
    "Auth",
    "Delivery",
    "Host",
    "Limits",
    "Listen",
    "Log",
    "Mode",
    "Problem",
    "ProblemsError",
    "Settings",
    "SettingsError",
    "State",
    "Syslog",
    "Tls",
    "load",
    "parse",
    "with_overrides",
]
