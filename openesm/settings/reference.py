"""The manual page of the settings and the sample file, from the declarations themselves."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from openesm.settings.model import SECTIONS
from openesm.settings.reading import type_hints
from openesm.text import Language, Message

DeclaredField = dataclasses.Field[Any]


def manual(language: Language = "en") -> str:
    """docs/configuration.md in Markdown."""
    parts = [_text("manual", language)]
    for section, kind in SECTIONS.items():
        parts.append(f"## [{section}]\n\n{_text(f'doc-{section}', language)}\n")
        parts.append(_text("manual-columns", language) + "\n|---|---|---|---|---|")
        parts.extend(_row(section, kind, declared, language) for declared in fields(kind))
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def sample(language: Language = "en", *, active: bool = False) -> str:
    """A configuration file with every key, explained; all keys are comments unless `active`."""
    return "\n".join(_sample_lines(language, active)) + "\n"


def _sample_lines(language: Language, active: bool) -> Iterator[str]:
    yield from (f"# {line}" for line in _text("sample", language).splitlines())
    for section, kind in SECTIONS.items():
        yield ""
        yield f"[{section}]"
        for declared in fields(kind):
            yield f"# {_doc(section, declared, language)}"
            default = _default(declared)
            value = declared.metadata.get("example") if default is None else default
            mark = "" if active and default is not None else "#"
            yield f"{mark}{declared.name} = {value if _is_table(declared) else _toml(value)}"


def _row(section: str, kind: type, declared: DeclaredField, language: Language) -> str:
    default = _default(declared)
    shown = "" if default is None else f"`{_toml(default)}`"
    cells = (
        f"`{declared.name}`",
        _type(type_hints(kind)[declared.name], language),
        _where(declared, default, shown, language),
        _range(type_hints(kind)[declared.name], declared),
        _doc(section, declared, language),
    )
    return f"| {' | '.join(cells)} |"


def _where(declared: DeclaredField, default: object, shown: str, language: Language) -> str:
    if "inside" in declared.metadata:
        return f"{shown} {_text('manual-in-state', language)}"
    if isinstance(default, Path) and not default.is_absolute():
        return f"{shown} {_text('manual-in-config', language)}"
    return shown


def _type(hint: Any, language: Language) -> str:
    if get_origin(hint) is Literal:
        return _text("type-choice", language)
    if get_origin(hint) in (dict, Mapping):
        return _text("type-mapping", language)
    name = "path" if hint in (Path, Path | None) else hint.__name__.lower()
    return _text(f"type-{name}", language)


def _range(hint: Any, declared: DeclaredField) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    if "range" in declared.metadata:
        low, high = declared.metadata["range"]
        return f"{low}–{high}"
    return ""


def _default(declared: DeclaredField) -> Any:
    """The default; None where there is none or it is an empty table."""
    return None if declared.default is dataclasses.MISSING else declared.default


def _is_table(declared: DeclaredField) -> bool:
    return declared.default is dataclasses.MISSING


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and value != int(value) else str(value)
    return json.dumps(str(value))


def _doc(section: str, declared: DeclaredField, language: Language) -> str:
    return _text(f"doc-{section}-{declared.name.replace('_', '-')}", language)


def _text(name: str, language: Language) -> str:
    return Message.of(f"settings.{name}").text(language)
