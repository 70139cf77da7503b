"""Instance and class paths (DSP0004 8.2, DSP0207)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from openesm.cim.values import DateTime

KeyValue: TypeAlias = "str | int | bool | float | DateTime | Path"


@dataclass(frozen=True, slots=True)
class Path:
    """The name of an instance: namespace, class and key bindings; `host` says where it was seen.

    Names compare without regard to case, values exactly, the order of keys does not matter: compare
    `identity`, not the dataclass.
    """

    classname: str
    keys: tuple[tuple[str, KeyValue], ...]
    namespace: str = ""
    host: str = ""

    @classmethod
    def of(cls, classname: str, keys: Mapping[str, KeyValue], namespace: str = "") -> Path:
        return cls(classname, tuple(keys.items()), namespace)

    @property
    def identity(self) -> Hashable:
        return (self.namespace.lower(), *self.local_identity)

    @property
    def local_identity(self) -> tuple[Hashable, ...]:
        """Identity within its namespace."""
        bindings = ((name.lower(), _identity(value)) for name, value in self.keys)
        return self.classname.lower(), tuple(sorted(bindings, key=lambda binding: binding[0]))

    def get(self, name: str) -> KeyValue | None:
        wanted = name.lower()
        return next((value for known, value in self.keys if known.lower() == wanted), None)

    def __str__(self) -> str:
        """The historical WBEM URI `ns:Class.Key="value",…` that command-line clients show and take."""
        head = f"{self.namespace}:" if self.namespace else ""
        return f"{head}{self.classname}.{_spell_keys(self.keys)}"


def _identity(value: KeyValue) -> Hashable:
    if isinstance(value, Path):
        return value.identity
    if isinstance(value, bool):
        return "boolean", value
    return value


def _spell_keys(keys: Iterable[tuple[str, KeyValue]]) -> str:
    return ",".join(f"{name}={_spell(value)}" for name, value in keys)


def _spell(value: KeyValue) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(value)
    text = value.text if isinstance(value, DateTime) else str(value)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def normal_namespace(text: str) -> str:
    """A namespace as it compares: no slashes at the ends, lower case. Nothing else is folded (SEC-10)."""
    return text.strip("/").lower()
