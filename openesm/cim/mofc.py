"""The MOF compiler's edge: `mof/` in, one JSON file out, which `openesm.cim.schema` reads.

The file holds, for each namespace, its qualifier declarations and what each class declares itself, base
classes first:

    {"format": 1, "digest": "<sha256 hex>", "namespaces": {NAME: {"qualifiers": [[name, type, is_array,
     value, scopes, flavors], …], "classes": [{"name", "super", "qualifiers": [[name, type, is_array, value,
     flavors], …], "properties": [{"name", "type", "array", "size", "class", "default", "qualifiers"}, …],
     "methods": [{"name", "type", "qualifiers", "parameters": […]}, …]}, …]}}}

MOF files of others are compiled into the agent's namespace: `"declared": {file: [class, …]}` says which have
what; one that is wrong is left out, and `"refused": {file: reason}` says so. What is absent is NULL, false or
empty. `flavors` holds o (overridable), s (to subclass) and t (translatable).
Only `compile_schema` loads pywbem, and `schema` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mof
from openesm import atomic
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import FORMAT, Schema, packed
from openesm.text import Language, Message, locale_language, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration

COMPILE_LIMIT_S = 120.0
_PACKAGES = Path(__file__).parents[2]
_APART = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from openesm.cim.mofc import main; sys.exit(main(sys.argv[2:]))"
)


class MofError(Exception):
    """The schema cannot be made; `reason` is a message of the catalogue, with file and line where known."""

    def __init__(self, key: str, **args: object) -> None:
        self.reason = Message.of(key, **args)
        super().__init__(str(self.reason))

    def text(self, language: Language = "en") -> str:
        return self.reason.text(language)


def digest(more: Sequence[Path] = ()) -> str:
    """SHA-256 (hex) over the names and contents of all MOF files, and the format of the compiled file."""
    found = hashlib.sha256(f"{FORMAT}\0".encode())
    for path in (*mof.files(), *more):
        content = path.read_bytes() if path.exists() else b""
        name = path if path in more else path.relative_to(mof.FOLDER)
        found.update(f"{name.as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def compile_schema(
    folder: Path | None = None, roots: Mapping[str, str] = mof.ROOTS, more: Sequence[Path] = ()
) -> dict[str, Any]:
    """The compiled schema of the namespaces whose root files `roots` names, below `folder` (else `mof/`).

    Args:
        more: files of others, for the agent's namespace.

    Raises:
        MofError: the MOF is wrong, or a file of it cannot be read.
    """
    others: dict[str, dict[str, Any]] = {"declared": {}, "refused": {}}
    namespaces = {
        name: _compile((folder or mof.FOLDER) / root, name, more if name == NAMESPACE else (), others)
        for name, root in roots.items()
    }
    return {"format": FORMAT, "digest": digest(more), "namespaces": namespaces, **_present(**others)}


def write(path: Path, more: Sequence[Path] = ()) -> None:
    """Compiles the schema into `path`, whole or not at all.

    Raises:
        MofError: the MOF is wrong.
        OSError: the file cannot be written.
    """
    text = json.dumps(packed(compile_schema(more=more)), ensure_ascii=False, separators=(",", ":"))
    atomic.write(path, text.encode(), 0o644)


def schema(cache: Path, more: Sequence[Path] = ()) -> Schema:
    """The schema of the MOF as it is now, from `cache` when that is current, else compiled into it first.

    Args:
        more: files of others, for the agent's namespace.

    Raises:
        MofError: it cannot be made, or not kept in `cache`.
    """
    wanted = digest(more)
    found = _load(cache)
    if found is None or found.digest != wanted:
        _compile_apart(cache, more)
        found = _load(cache)
    if found is None or found.digest != wanted:
        raise MofError("mofc.not-kept", file=cache)
    return found


def _load(cache: Path) -> Schema | None:
    try:
        return Schema.load(cache)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _compile_apart(cache: Path, more: Sequence[Path]) -> None:
    command = [sys.executable, "-I", "-c", _APART, str(_PACKAGES), "--output", str(cache), *map(str, more)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMPILE_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise MofError("mofc.not-started", reason=failed) from failed
    if done.returncode:
        raise MofError("mofc.failed", reason=done.stderr.decode(errors="replace").strip())


def _compile(
    root: Path, namespace: str, more: Sequence[Path], others: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    import pywbem

    repository = pywbem.MOFWBEMConnection()
    compiler = pywbem.MOFCompiler(repository, search_paths=[], log_func=None)
    _compile_file(compiler, root, namespace)
    if more:
        _compile_file(compiler, mof.FOR_OTHERS, namespace)
    for path in more:
        before, qualifiers = dict(repository.classes[namespace]), dict(repository.qualifiers[namespace])
        try:
            _compile_file(compiler, path, namespace)
            changed = [name for name, cls in before.items() if repository.classes[namespace][name] is not cls]
            changed += [
                name for name, was in qualifiers.items() if repository.qualifiers[namespace][name] != was
            ]
            if changed:
                raise MofError("mofc.declared-again", file=path, name=changed[0])
            names = [cls.classname for cls in repository.classes[namespace].values()]
            others["declared"][str(path)] = [name for name in names if name not in before]
        except MofError as wrong:
            others["refused"][str(path)] = str(wrong)
            repository.classes[namespace].clear()
            repository.classes[namespace].update(before)
            repository.qualifiers[namespace].clear()
            repository.qualifiers[namespace].update(qualifiers)
    return {
        "qualifiers": [_declaration(entry) for entry in repository.qualifiers[namespace].values()],
        "classes": [_class(entry) for entry in repository.classes[namespace].values()],
    }


def _compile_file(compiler: Any, root: Path, namespace: str) -> None:
    import pywbem

    try:
        compiler.compile_file(str(root), namespace)
    except pywbem.MOFCompileError as wrong:
        where = {"file": wrong.file or root, "line": wrong.lineno or 0}
        raise MofError("mofc.wrong", **where, reason=_reason(wrong)) from wrong
    except (OSError, UnicodeError) as unread:
        raise MofError("mofc.unreadable", file=_file(compiler, root), reason=unread) from unread
    except (ValueError, TypeError) as odd:
        raise MofError("mofc.bad-value", file=_file(compiler, root), reason=odd) from odd


def _file(compiler: Any, root: Path) -> str:
    """The file that is being compiled; the parser has none before its first."""
    return getattr(compiler.parser, "file", None) or str(root)


def _reason(wrong: Any) -> str:
    cause = getattr(wrong, "cim_error", None)
    return f"{wrong.msg}: {cause.status_description}" if cause else str(wrong.msg)


def _declaration(entry: CIMQualifierDeclaration) -> list[Any]:
    scopes = [scope for scope, holds in entry.scopes.items() if holds]
    return [entry.name, entry.type, entry.is_array, _plain(entry.value), scopes, _flavors(entry)]


def _class(entry: CIMClass) -> dict[str, Any]:
    return _present(
        name=entry.classname,
        super=entry.superclass,
        qualifiers=_qualifiers(entry.qualifiers.values()),
        properties=[_element(prop, default=_default(prop)) for prop in entry.properties.values()],
        methods=[_method(method) for method in entry.methods.values()],
    )


def _method(entry: CIMMethod) -> dict[str, Any]:
    return _present(
        name=entry.name,
        type=entry.return_type,
        qualifiers=_qualifiers(entry.qualifiers.values()),
        parameters=[_element(parameter) for parameter in entry.parameters.values()],
    )


def _element(entry: CIMProperty | CIMParameter, default: Any = None) -> dict[str, Any]:
    return {
        **_present(name=entry.name, type=entry.type, array=entry.is_array, size=entry.array_size),
        **_present(**{"class": entry.reference_class}),
        **({} if default is None else {"default": default}),
        **_present(qualifiers=_qualifiers(entry.qualifiers.values())),
    }


def _default(prop: CIMProperty) -> Any:
    value = _plain(prop.value)
    quoted = prop.type == "char16" and isinstance(value, str)
    return value[1:-1] if quoted else value


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _qualifiers(entries: Iterable[CIMQualifier]) -> list[list[Any]]:
    return [
        [entry.name, entry.type, isinstance(entry.value, list), _plain(entry.value), _flavors(entry)]
        for entry in entries
    ]


def _flavors(entry: CIMQualifier | CIMQualifierDeclaration) -> str:
    """Unsaid means EnableOverride, ToSubclass, not Translatable (DSP0004 7.8)."""
    overridable = entry.overridable is not False
    to_subclass = entry.tosubclass is not False
    return "o" * overridable + "s" * to_subclass + "t" * (entry.translatable is True)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    return str(value)


def main(arguments: list[str] | None = None) -> int:
    """Writes the compiled schema to `--output`, else to standard output; 1 and a message when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m openesm.cim.mofc", description=say("mofc.purpose"))
    parser.add_argument("--output", type=Path, metavar="FILE", help=say("mofc.output"))
    parser.add_argument("more", type=Path, nargs="*", metavar="MOF", help=say("mofc.more"))
    parsed = parser.parse_args(arguments)
    output: Path | None = parsed.output
    try:
        if output is None:
            json.dump(compile_schema(more=parsed.more), sys.stdout, ensure_ascii=False, indent=1)
        else:
            write(output, parsed.more)
    except MofError as wrong:
        sys.stderr.write(wrong.text(locale_language()) + "\n")
        return 1
    except OSError as unwritten:
        sys.stderr.write(say("mofc.unwritten", file=output, reason=unwritten) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
