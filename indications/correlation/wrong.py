"""What is wrong with a definition file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from openesm.text import Language, Message


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def after(self, characters: int) -> Place:
        return replace(self, column=self.column + characters)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Wrong:
    place: Place
    reason: Message

    def text(self, language: Language = "en") -> str:
        return f"{self.place}: {self.reason.text(language)}"


class DefinitionError(ValueError):
    """A definition file that cannot be used; `wrong` is everything that is wrong with it."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = tuple(wrong)
        super().__init__(self.text())

    def text(self, language: Language = "en") -> str:
        """A line for each."""
        return "\n".join(each.text(language) for each in self.wrong)

    @classmethod
    def of(cls, place: Place, key: str, **args: object) -> DefinitionError:
        """One error; `key` of the room `correlation` of the catalogue."""
        return cls((Wrong(place, Message.of(f"correlation.{key}", **args)),))
