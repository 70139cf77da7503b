"""Providers of installed packages: the entry-point group `openesm.providers`.

An entry names a module that has a `PROVIDER`, as the files of this project have; its MOF is the file of the
same stem beside the module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openesm.cim.provider import Association, Provider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "openesm.providers"


def entries() -> list[EntryPoint]:
    """The entries of the group; where no package has any, nothing that is slow to load is loaded."""
    marker = f"[{GROUP}]".encode()
    if not any(marker in file.read_bytes() for file in _files()):
        return []
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=lambda entry: entry.name)


def load(entry: EntryPoint) -> tuple[Provider[Any] | Association, Path]:
    """The provider of an entry, and its MOF file.

    Raises:
        Exception: whatever the module raises; TypeError where it has no provider.
    """
    module = entry.load()
    provider, file = getattr(module, "PROVIDER", None), getattr(module, "__file__", None)
    if not isinstance(provider, Provider | Association) or file is None:
        raise TypeError(f"{entry.value}: PROVIDER")
    return provider, Path(file).with_suffix(".mof")


def _files() -> Iterator[Path]:
    for folder in dict.fromkeys(sys.path):
        for pattern in ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt"):
            yield from (path for path in Path(folder or ".").glob(pattern) if path.is_file())
