"""The class reference, generated from the schema: `python -m openesm.cim.reference > docs/classes.md`.

Our classes come first, then the CIM classes that they derive from or that clients read; within each part in
the order of their names. A class shows what it declares itself; what it inherits is listed by name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from openesm.cim.mofc import MofError, compile_schema
from openesm.cim.schema import Class, Method, Namespace, Parameter, Property, Qualifiers, Schema
from openesm.cim.values import DateTime, Value
from openesm.text import Language, Message, locale_language

Homes = Mapping[str, tuple[Class, tuple[str, ...]]]  # class name -> the class, and its namespaces


def markdown(schema: Schema, language: Language = "en") -> str:
    """The whole reference as Markdown; descriptions stand as the MOF has them, in English."""
    homes = _homes(schema.namespaces.values())
    own = sorted(name for name in homes if name.startswith("ESM_"))
    base = sorted(name for name in homes if not name.startswith("ESM_"))
    lines = [f"# {_label('title', language)}", "", _label("generated", language), ""]
    for heading, names in (("own", own), ("base", base)):
        lines += [f"## {_label(heading, language)}", "", *_contents(names), ""]
        for name in names:
            found, namespaces = homes[name]
            lines += [*_class(found, namespaces, language), ""]
    return "\n".join(lines).rstrip() + "\n"


def _homes(namespaces: Iterable[Namespace]) -> Homes:
    homes: dict[str, tuple[Class, tuple[str, ...]]] = {}
    for namespace in namespaces:
        for found in namespace.classes():
            earlier = homes[found.name][1] if found.name in homes else ()
            homes[found.name] = found, (*earlier, namespace.name)
    return homes


def _contents(names: Sequence[str]) -> list[str]:
    return [f"- [{name}](#{name.lower()})" for name in names]


def _class(found: Class, namespaces: Sequence[str], language: Language) -> Iterator[str]:
    yield from (f"### {found.name}", "", _text(found.qualifiers, "description"), "")
    yield f"- {_label('namespaces', language)}: {', '.join(f'`{name}`' for name in namespaces)}"
    if found.superclass:
        yield f"- {_label('superclass', language)}: [{found.superclass}](#{found.superclass.lower()})"
    if found.keys:
        yield f"- {_label('keys', language)}: {_names(found.keys)}"
    if _is_true(found.qualifiers, "abstract"):
        yield f"- {_label('abstract', language)}"
    own = [prop for prop in found.properties.values() if not prop.propagated]
    inherited = [prop.name for prop in found.properties.values() if prop.propagated]
    if own:
        yield from ("", *_table(("property", "type", "unit", "access", "meaning"), language))
        yield from (_row(_property(prop, language)) for prop in own)
    if inherited:
        yield from ("", f"{_label('inherited', language)}: {_names(inherited)}")
    for method in found.methods.values():
        if not method.propagated:
            yield from _method(method, language)


def _property(prop: Property, language: Language) -> Sequence[str]:
    access = "key" if prop.is_key else "write" if prop.is_writable else "read"
    default = "" if prop.default is None else _label("default", language, value=f"`{_spell(prop.default)}`")
    meaning = _meaning(prop.qualifiers, default)
    return f"`{prop.name}`", _type(prop), _unit(prop.qualifiers), _label(access, language), meaning


def _spell(value: Value) -> str:
    return json.dumps(value.text if isinstance(value, DateTime) else value)


def _method(method: Method, language: Language) -> Iterator[str]:
    yield from ("", f"#### `{method.type} {method.name}()`", "")
    if text := _meaning(method.qualifiers):
        yield from (text, "")
    if method.parameters:
        yield from _table(("parameter", "type", "unit", "direction", "meaning"), language)
        yield from (_row(_parameter(parameter, language)) for parameter in method.parameters)


def _parameter(parameter: Parameter, language: Language) -> Sequence[str]:
    ways = [way for way, holds in (("in", parameter.is_in), ("out", parameter.is_out)) if holds]
    direction = ", ".join(_label(way, language) for way in ways)
    unit, meaning = _unit(parameter.qualifiers), _meaning(parameter.qualifiers)
    return f"`{parameter.name}`", _type(parameter), unit, direction, meaning


def _type(element: Property | Parameter) -> str:
    spelled = f"{element.reference_class} REF" if element.type == "reference" else element.type
    return f"{spelled}[]" if element.is_array else spelled


def _unit(qualifiers: Qualifiers) -> str:
    return _text(qualifiers, "punit") or _text(qualifiers, "units")


def _meaning(qualifiers: Qualifiers, *more: str) -> str:
    return " ".join(filter(None, (_text(qualifiers, "description"), *more, _values(qualifiers))))


def _values(qualifiers: Qualifiers) -> str:
    numbers, labels = _items(qualifiers, "valuemap"), _items(qualifiers, "values")
    if not labels:
        return ", ".join(f"`{number}`" for number in numbers)
    return ", ".join(f"`{number}` {label}" for number, label in zip(numbers, labels, strict=False))


def _items(qualifiers: Qualifiers, name: str) -> Sequence[str]:
    value = qualifiers[name].value if name in qualifiers else None
    return [str(item) for item in value] if isinstance(value, list) else []


def _text(qualifiers: Qualifiers, name: str) -> str:
    value = qualifiers[name].value if name in qualifiers else None
    return value if isinstance(value, str) else ""


def _is_true(qualifiers: Qualifiers, name: str) -> bool:
    return name in qualifiers and qualifiers[name].value is True


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(headings: Sequence[str], language: Language) -> tuple[str, str]:
    return _row([_label(heading, language) for heading in headings]), _row(["---"] * len(headings))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _label(name: str, language: Language, **args: object) -> str:
    return Message.of(f"mofc.reference-{name}", **args).text(language)


def main() -> int:
    """Prints the reference in English; 1 and a message when the MOF is wrong."""
    try:
        sys.stdout.write(markdown(Schema(compile_schema())))
    except MofError as wrong:
        sys.stderr.write(wrong.text(locale_language()) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
