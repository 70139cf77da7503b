"""Texts for users: every key exists and is used, both languages say the same, and none stands in code."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from openesm.settings.model import SECTIONS

PROJECT = Path(__file__).parents[2]
CATALOGUE = PROJECT / "openesm" / "text" / "catalogue"
ROOMS = ("esmctl", "esmd", "indications", "openesm", "providers", "subscription")
SOURCES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
_KEY = re.compile(r"[a-z0-9]+\.[a-z0-9-]*[a-z0-9]\Z")
_WORDS = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")


@cache
def texts() -> dict[str, dict[str, str]]:
    """All messages of the catalogue by their keys."""
    return {
        f"{path.stem}.{name}": message
        for path in sorted(CATALOGUE.glob("*.toml"))
        for name, message in tomllib.loads(path.read_text("utf-8")).items()
    }


@cache
def strings() -> frozenset[str]:
    """Every string constant of the code, and the constant parts of f-strings."""
    return frozenset(
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def patterns() -> tuple[re.Pattern[str], ...]:
    """f-strings that can spell a key: `f"settings.doc-{section}"`."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9-]+"
                    for part in node.values
                )
                if re.match(r"[a-z0-9]+\\\.", text) and text.partition("\\.")[0] in rooms():
                    found.append(re.compile(text + r"\Z"))
    return tuple(found)


@cache
def rooms() -> frozenset[str]:
    return frozenset(path.stem for path in CATALOGUE.glob("*.toml"))


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("key", sorted(texts()))
def test_both_languages_say_the_same(key: str) -> None:
    message = texts()[key]
    assert set(message) == {"en", "ja"}
    assert all(text.strip() for text in message.values())
    assert placeholders(message["en"]) == placeholders(message["ja"])
    assert "" not in placeholders(message["en"]), "arguments have names"


def test_every_key_in_code_exists() -> None:
    used = {text for text in strings() if _KEY.match(text) and text.partition(".")[0] in rooms()}
    files = {
        text
        for text in used
        if text.rpartition(".")[2] in {"toml", "sock", "log", "pem", "key", "service", "json", "db"}
    }
    assert len(used) > 50
    assert sorted(used - files - set(texts())) == []


def test_every_key_is_used() -> None:
    sections = {f"settings.doc-{name}" for name in SECTIONS}
    unused = [
        key
        for key in texts()
        if key not in strings() | sections
        and key.partition(".")[2] not in strings()  # a module that says `Problem(room, name)`
        and not any(pattern.match(key) for pattern in patterns())
    ]
    assert unused == []


def written(path: Path) -> Iterator[tuple[int, str]]:
    """Constants that are written to a person: arguments of print, input and of streams' write."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in {"print", "input", "getpass.getpass"} or called.endswith(
            ("stderr.write", "stdout.write")
        ):
            for part in (inner for argument in node.args for inner in ast.walk(argument)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_no_sentence_stands_in_code(path: Path) -> None:
    assert [(line, text) for line, text in written(path) if _WORDS.search(text)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_no_sentence_in_help_of_a_command(path: Path) -> None:
    """`help=` and `description=` of argparse take their text from the catalogue."""
    found = [
        (keyword.value.lineno, keyword.value.value)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"help", "description", "epilog"}
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
        and ast.unparse(node.func).endswith(("add_argument", "ArgumentParser", "add_parser"))
    ]
    assert found == []
