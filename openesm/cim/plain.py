"""CIM values as JSON has them, and back: what JSON does not know is a table with one key."""

from __future__ import annotations

from typing import Any

from openesm.cim.path import Path
from openesm.cim.values import DateTime, Value


def plain(value: Value) -> Any:
    """A value for JSON.

    Raises:
        TypeError: an embedded instance, or no CIM value.
    """
    if isinstance(value, DateTime):
        return {"datetime": value.text}
    if isinstance(value, Path):
        return {"path": [value.classname, value.namespace, [[name, plain(key)] for name, key in value.keys]]}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{value!r} is not kept")


def value_of(kept: Any) -> Value:
    """What `plain` was given.

    Raises:
        ValueError: it is nothing that `plain` gives.
    """
    match kept:
        case {"datetime": str(text)}:
            return DateTime.parse(text)
        case {"path": [str(classname), str(namespace), list(keys)]}:
            return Path(classname, tuple((name, value_of(key)) for name, key in keys), namespace)  # type: ignore[misc]
        case list():
            return [value_of(item) for item in kept]
        case None | bool() | int() | float() | str():
            return kept
    raise ValueError(kept)
