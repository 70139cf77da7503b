"""What the C part of cmpi-bindings imports, under this name: the providers of this project behind it.

It has to be found by Python's system interpreter, and the extension `_cmpi` too, which is the library of
cmpi-bindings itself; `esmctl pegasus register --bindings` sees to both.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any


class _Only:
    """One host for all names and kinds of providers, made when the first is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Any = None

    def get(self, broker: Any, context: Any) -> Any:
        with self._lock:
            if self._made is None:
                cmpi, start = import_module("cmpi"), import_module("esmd.cmpi.start").start_default
                self._made = import_module("esmd.cmpi.bindings").Bindings(cmpi, broker, context, start)
            return self._made


_only = _Only()


def get_cmpi_proxy_provider(miname: str, broker: Any, context: Any) -> Any:  # noqa: ARG001
    """What answers the CIMOM, whatever provider and kind it asks for."""
    return _only.get(broker, context)
