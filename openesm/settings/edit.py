"""Changing one key of a TOML text and nothing else of it: comments, order and spacing stay."""

import json
import re
import tomllib
from typing import Any

from openesm.settings.locate import key_lines

_VALUE = re.compile(
    r"""(?P<before>(?:"[^"]*"|'[^']*'|[^="'])*=[ \t]*)(?P<value>"[^"]*"|'[^']*'|[^\s#]+)(?P<after>.*)""",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class NotEditableError(Exception):
    """The text spells the key in a way that is not changed here, such as an inline table."""


def with_value(text: str, section: str | tuple[str, ...], key: str, value: str | int) -> str:
    """The text with `[section] key = value`.

    Args:
        section: a table, or the names that lead to one in another.
        key: any text; one that is no bare key is quoted.

    Raises:
        NotEditableError: the change would touch more than that key.
    """
    table = (section,) if isinstance(section, str) else section
    expected = tomllib.loads(text)
    try:
        _table(expected, table)[key] = value
        edited = _edited(text, table, key, json.dumps(value, ensure_ascii=False))
        after = tomllib.loads(edited)
    except (tomllib.TOMLDecodeError, TypeError, AttributeError) as failed:
        raise NotEditableError(section, key) from failed
    if after != expected:
        raise NotEditableError(section, key)
    return edited


def _table(root: dict[str, Any], table: tuple[str, ...]) -> dict[str, Any]:
    for name in table:
        root = root.setdefault(name, {})
    return root


def _edited(text: str, table: tuple[str, ...], key: str, value: str) -> str:
    lines = text.splitlines(keepends=True)
    places = key_lines(text)
    if (*table, key) in places:
        index = places[*table, key] - 1
        lines[index] = _VALUE.sub(
            lambda match: f"{match['before']}{value}{match['after']}", lines[index], count=1
        )
        return "".join(lines)
    end = "\r\n" if "\r\n" in text else "\n"
    shown = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    if table in places:
        lines.insert(places[table], f"{shown} = {value}{end}")
        return "".join(lines)
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{end}[{'.'.join(table)}]{end}{shown} = {value}{end}"
