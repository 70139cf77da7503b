"""What the C bridge imports, in an interpreter of its own: the one place where a foreign CIMOM comes in.

It hands every provider of this project over; which they are, and how they are hosted, is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def start(ask: Callable[[int, bytes], bytes]) -> Callable[[bytes], bytes]:
    """What answers the bridge's requests (esmd.cmpi.wire); called once.

    Args:
        ask: by which the bridge asks the CIMOM, for the sender of a request.
    """
    answer: Callable[[bytes], bytes] = import_module("esmd.cmpi.start").start_default(ask).answer
    return answer
