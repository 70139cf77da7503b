"""What the C part of cmpi-bindings imports, under this name: the providers of this project behind it.

It has to be found by Python's system interpreter, and the extension `_cmpi` too, which is the library of
cmpi-bindings itself; `esmctl pegasus register --bindings` sees to both.
"""

from __future__ import annotations

import ctypes
import threading
from importlib import import_module
from typing import Any

cmpi = import_module("cmpi")  # before the C part makes its first object, which is of no use else


class _Only:
    """One host for all names and kinds of providers, made when the first is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Any = None

    def get(self, broker: Any, context: Any) -> Any:
        with self._lock:
            if self._made is not None:
                return self._made
            start = import_module("esmd.cmpi.start").start_default
            self._made = import_module("esmd.cmpi.bindings").Bindings(cmpi, broker, context, start)
        _stay(broker, context)
        return self._made


_only = _Only()


def get_cmpi_proxy_provider(miname: str, broker: Any, context: Any) -> Any:  # noqa: ARG001
    """What answers the CIMOM, whatever provider and kind it asks for."""
    return _only.get(broker, context)


def _stay(broker: Any, context: Any) -> None:
    """Makes a provider that nobody gives up: with the last one the C part would end Python, and crash."""
    library = ctypes.CDLL(import_module("_cmpi").__file__)
    create = library._Generic_Create_InstanceMI
    create.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    status = ctypes.create_string_buffer(64)
    create(int(broker.this), int(context.this), b"openesm", status)
