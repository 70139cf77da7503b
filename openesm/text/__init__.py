"""Every text a user sees, in English and Japanese, chosen by locale or by `Accept-Language`.

The texts stand in `catalogue/`, one file per room and one table per message, with `en` and `ja`; arguments
are named (`{name}`, as in `str.format`). The key `http.not-found` is the table `not-found` of `http.toml`;
a room is read when its first text is asked for. Code carries a `Message` (key and arguments) and turns it
into text at the edge where the reader's language is known.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Message:
    """A text of the catalogue by its key, with its arguments."""

    key: str
    args: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, key: str, /, **args: object) -> Message:
        return cls(key, tuple(args.items()))

    def text(self, language: Language = "en") -> str:
        room, _, name = self.key.partition(".")
        return catalogue(room)[name][language].format_map(dict(self.args))

    def __str__(self) -> str:
        return self.text("en")


@cache
def catalogue(room: str) -> dict[str, dict[Language, str]]:
    """The messages of a room: name -> language -> template."""
    source = (Path(__file__).parent / "catalogue" / f"{room}.toml").read_text("utf-8")
    messages: dict[str, dict[Language, str]] = tomllib.loads(source)
    return messages


def locale_language(environ: dict[str, str] | None = None) -> Language:
    """The language of the user's locale: the first set of LC_ALL, LC_MESSAGES, LANG decides."""
    env = os.environ if environ is None else environ
    locale = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "ja" if locale.lower().startswith("ja") else "en"


def say(key: str, /, **args: object) -> str:
    """The text of `key` in the language of the user's locale."""
    return Message.of(key, **args).text(locale_language())


def negotiate(accept_language: str) -> Language:
    """The better of our languages for an `Accept-Language` value (RFC 9110 12.5.4); English when unsure."""
    best, chosen = 0.0, LANGUAGES[0]
    for item in accept_language[:512].split(",")[:16]:
        tag, _, weight = item.partition(";q=")
        for language in LANGUAGES:
            if tag.strip().lower()[:2] == language and _quality(weight) > best:
                best, chosen = _quality(weight), language
    return chosen


def _quality(weight: str) -> float:
    try:
        return float(weight.strip()[:5]) if weight else 1.0
    except ValueError:
        return 0.0
