"""The one way in which this room refuses bad input: a ValueError with a message of the catalogue."""

from __future__ import annotations

from openesm.text import Message


class InputError(ValueError):
    """Bad input; `message` says what is wrong with it."""

    def __init__(self, key: str, /, **args: object) -> None:
        self.message = Message.of(f"alerts.{key}", **args)
        super().__init__(str(self.message))
