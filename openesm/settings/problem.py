"""What is wrong in a file that an administrator writes, and where."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from openesm.text import Language, Message


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a file; `line` and `column` count from 1, 0 where the fault has no place."""

    file: Path
    line: int
    message: Message
    column: int = 0

    def text(self, language: Language = "en") -> str:
        """`file:line:column: what is wrong`, without the parts that are not known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message.text(language)}"


class ProblemsError(Exception):
    """A file that cannot be used, with everything that is wrong in it.

    Attributes:
        errors: the problems in the order of the file, at least one.
    """

    def __init__(self, errors: tuple[Problem, ...]) -> None:
        self.errors = errors
        super().__init__(errors)

    @classmethod
    def at(cls, file: Path, line: int, key: str, /, **args: object) -> Self:
        """The error with one problem whose text is `key` of the catalogue."""
        return cls((Problem(file, line, Message.of(key, **args)),))

    def text(self, language: Language = "en") -> str:
        """A line for each problem."""
        return "\n".join(problem.text(language) for problem in self.errors)

    def __str__(self) -> str:
        return self.text()
