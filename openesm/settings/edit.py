"""Changing one key of a TOML text and nothing else of it: comments, order and spacing stay."""

import copy
import json
import re
import tomllib

from openesm.settings.locate import key_lines

_VALUE = re.compile(r"(?P<before>[^=]*=[ \t]*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s#]+)(?P<after>.*)", re.DOTALL)


class NotEditableError(Exception):
    """The text spells the key in a way that is not changed here, such as an inline table."""


def with_value(text: str, section: str, key: str, value: str | int) -> str:
    """The text with `[section] key = value`.

    Raises:
        NotEditableError: the change would touch more than that key.
    """
    before = tomllib.loads(text)
    edited = _edited(text, section, key, json.dumps(value))
    expected = copy.deepcopy(before)
    try:
        expected.setdefault(section, {})[key] = value
        after = tomllib.loads(edited)
    except (tomllib.TOMLDecodeError, TypeError, AttributeError) as failed:
        raise NotEditableError(section, key) from failed
    if after != expected:
        raise NotEditableError(section, key)
    return edited


def _edited(text: str, section: str, key: str, value: str) -> str:
    lines = text.splitlines(keepends=True)
    places = key_lines(text)
    if (section, key) in places:
        index = places[section, key] - 1
        lines[index] = _VALUE.sub(
            lambda match: f"{match['before']}{value}{match['after']}", lines[index], count=1
        )
        return "".join(lines)
    end = "\r\n" if "\r\n" in text else "\n"
    if (section,) in places:
        lines.insert(places[section,], f"{key} = {value}{end}")
        return "".join(lines)
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{end}[{section}]{end}{key} = {value}{end}"
