"""A batch file: one command a line; blank lines and lines that start with # do not count."""

import shlex
from collections.abc import Iterator
from pathlib import Path

PROGRAM = "cimsub"


def commands(file: Path) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and words of each command, without the program's name; None where a quote stays open.

    Only double quotes quote, because queries hold single ones.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read as UTF-8 text.
    """
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, _words(text)


def _words(line: str) -> list[str] | None:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.quotes, lexer.escape, lexer.commenters = True, '"', "", ""
    try:
        words = list(lexer)
    except ValueError:
        return None
    return words[1:] if Path(words[0]).name == PROGRAM else words
