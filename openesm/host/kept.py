"""A fact that is read once, or now and then."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Gives what `read` gave, until `forget`, or until it is `for_s` seconds old by `clock`."""

    def __init__(
        self, read: Callable[[], T], clock: Callable[[], float], for_s: float = float("inf")
    ) -> None:
        self._read = read
        self._clock = clock
        self._for_s = for_s
        self._held: tuple[float, T] | None = None

    def __call__(self) -> T:
        held = self._held
        if held is not None and (self._for_s == float("inf") or 0 <= self._clock() - held[0] < self._for_s):
            return held[1]
        fact = self._read()
        self._held = self._clock(), fact
        return fact

    def forget(self) -> None:
        self._held = None
