"""Ways to the manager: one report method a file, each of which sends and says only whether to try again."""

from __future__ import annotations

from openesm.text import Message


class Undelivered(Exception):  # noqa: N818  a decision, not a fault
    """Something did not reach its receiver.

    Attributes:
        reason: why, for the log and for people.
        retry: whether trying again later can help.
    """

    def __init__(self, reason: Message, retry: bool) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.retry = retry


class Declined(Undelivered):
    """The receiver wants to be told nothing more."""
