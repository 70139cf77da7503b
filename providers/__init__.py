"""Providers: one CIM class per file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from openesm.cim.provider import Association, Provider


@cache
def installed() -> tuple[Provider[Any] | Association, ...]:
    """The PROVIDER of every file here, in the order of their names; a new file needs no entry anywhere."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.ispkg)
    return tuple(import_module(f"{__name__}.{name}").PROVIDER for name in names)
