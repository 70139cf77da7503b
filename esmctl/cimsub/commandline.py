"""The command line as the original reads it: flags first, then arguments; a value may stick to its flag."""

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from esmctl.cimsub import names, wording
from esmctl.cimsub.names import Name

CREATE, LIST, ENABLE, DISABLE, REMOVE, BATCH = "c", "l", "e", "d", "r", "b"
HELP, VERSION = "-help", "-version"
OPERATIONS = (CREATE, LIST, ENABLE, DISABLE, REMOVE, BATCH, HELP, VERSION)
CONNECTION = ("--server", "--user", "--password-file", "--ca", "--socket", "--config")
INSECURE = "--insecure"

_BARE = frozenset("dev")
_WITH_VALUE = frozenset("clrbFHnQLNDMCSTUPVE")
_LONG_BARE = {"help": HELP, "version": VERSION, "insecure": INSECURE}
_SAME = MappingProxyType({"M": "T", "U": "S"})  # two letters for one option
_OF_FILTER, _OF_HANDLER = frozenset("QLN"), frozenset("DMTCSUPVE")
_DIGITS = re.compile("[0-9]{1,8}")
_DESTINATION = (frozenset("D"), ("D",))
_CLASS_OPTIONS: Mapping[str, tuple[frozenset[str], tuple[str, ...]]] = MappingProxyType(
    {
        names.CIMXML: _DESTINATION,
        names.CIMXML_HANDLER: _DESTINATION,
        names.SYSTEM_LOG: (frozenset(), ()),
        names.EMAIL: (frozenset("TCS"), ("T", "S")),
        names.SNMP: (frozenset("TPVSE"), ("T", "V")),
    }
)
"""Handler class -> the options that it takes, and those that it needs."""


class SyntaxRefusedError(Exception):
    """A command line that cannot be read; its text is for the user."""

    @classmethod
    def of(cls, template: str, **args: str) -> "SyntaxRefusedError":
        return cls(template.format_map(args))


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked for.

    Attributes:
        operation: one of `OPERATIONS`.
        what: `s`, `f`, `h` or `a` of -c, -l and -r; the file of -b.
        options: of a filter or handler to create, by letter; -M is kept as T, and -U as S.
        connection: of `CONNECTION` and `INSECURE`, what was given.
    """

    operation: str
    what: str = ""
    verbose: bool = False
    filter: Name | None = None
    handler: Name | None = None
    namespace: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    connection: Mapping[str, str] = field(default_factory=dict)


Token = tuple[str, str]  # (flag, value); the flag of an argument is ""


def parse(words: Sequence[str], *, in_batch: bool = False) -> Command:
    """The command in `words` (without the program's name).

    Args:
        in_batch: a line of a batch file, which says neither -b nor how to connect.

    Raises:
        SyntaxRefusedError: what is wrong first.
    """
    tokens = _tokens(words)
    counts = Counter(flag for flag, _ in tokens)
    operation, what, given = "", "", dict[str, str]()
    for flag, value in sorted(tokens, key=lambda token: not token[0]):  # arguments come last
        if not flag:
            given[_place_of(operation, what, given, value)] = value
            continue
        if flag in OPERATIONS:
            _refuse(flag, if_=bool(operation) or (in_batch and flag == BATCH))
            operation, what = flag, value
        else:
            _refuse(flag, if_=not _allows(operation, what, flag) or (in_batch and flag.startswith("--")))
        if counts[flag] > 1 and flag not in (HELP, VERSION):
            raise SyntaxRefusedError.of(wording.OPTION_TWICE, option=_dashed(flag))
        given[flag] = value
    if not operation:
        raise SyntaxRefusedError(wording.OPTION_MISSING)
    _CHECKS.get(operation, _check_nothing)(what, given)
    return _command(operation, what, given)


def _tokens(words: Sequence[str]) -> list[Token]:
    tokens: list[Token] = []
    waiting = ""
    for word in words:
        if waiting:
            if word.startswith("-"):
                raise SyntaxRefusedError.of(wording.VALUE_MISSING, flag=waiting.lstrip("-"))
            tokens.append((waiting, word))
            waiting = ""
        elif word.startswith("-"):
            found, waiting = _long(word) if word.startswith("--") else _short(word)
            tokens += found
        else:
            tokens.append(("", word))
    if waiting:
        raise SyntaxRefusedError.of(wording.VALUE_MISSING, flag=waiting.lstrip("-"))
    return tokens


def _long(word: str) -> tuple[list[Token], str]:
    """The long option of one word, and it again when its value is the next word."""
    name, equals, value = word[2:].partition("=")
    if name in _LONG_BARE:
        return [(_LONG_BARE[name], "")], ""
    if f"--{name}" not in CONNECTION:
        raise SyntaxRefusedError.of(wording.FLAG_UNKNOWN, flag=name)
    return ([(f"--{name}", value)], "") if equals else ([], f"--{name}")


def _short(word: str) -> tuple[list[Token], str]:
    """The flags of one word, and the one whose value is the next word."""
    if word == "-":
        raise SyntaxRefusedError.of(wording.FLAG_MISSING, value=word)
    tokens: list[Token] = []
    for place, flag in enumerate(word[1:], 2):
        if flag in _WITH_VALUE:
            value = word[place:]
            return ([*tokens, (flag, value)], "") if value else (tokens, flag)
        if flag not in _BARE:
            raise SyntaxRefusedError.of(wording.FLAG_UNKNOWN, flag=f"-{flag}")
        tokens.append((flag, ""))
    return tokens, ""


# -- what goes with what


def _allows(operation: str, what: str, flag: str) -> bool:
    """Whether an option may follow what stands before it."""
    if flag.startswith("--"):
        return True
    if flag in "FHn":
        return operation not in (HELP, VERSION) and (operation, what) not in ((CREATE, "f"), (CREATE, "h"))
    if flag == "v":
        return operation == LIST
    return (operation, what) == (CREATE, "f" if flag in _OF_FILTER else "h")


def _place_of(operation: str, what: str, given: Mapping[str, str], value: str) -> str:
    """Where an argument belongs: it names the filter or handler to create."""
    place = {"f": "F", "h": "H"}.get(what, "") if operation == CREATE else ""
    if not place or place in given:
        raise SyntaxRefusedError.of(wording.ARGUMENT_UNEXPECTED, value=value)
    return place


def _check_list(what: str, given: Mapping[str, str]) -> None:
    _refuse("H", if_=what == "f" and "H" in given)
    _refuse("F", if_=what == "h" and "F" in given)
    _check_what(LIST, what, "sfh")


def _check_state(_: str, given: Mapping[str, str]) -> None:
    _need("F", given)
    _need("H", given)


def _check_remove(what: str, given: Mapping[str, str]) -> None:
    _refuse("H", if_=what == "f" and "H" in given)
    _refuse("F", if_=what == "h" and "F" in given)
    _check_what(REMOVE, what, "sfha")
    for flag in "F" if what == "f" else "H" if what == "h" else "FH":
        _need(flag, given)


def _check_create(what: str, given: Mapping[str, str]) -> None:
    _check_what(CREATE, what, "sfh")
    if what == "s":
        _need("H", given)
        _need("F", given)
        return
    if what == "f":
        _need("Q", given)
    if ("F" if what == "f" else "H") not in given:
        raise SyntaxRefusedError(wording.OPTION_MISSING)
    if what == "h":
        _check_handler(given)


def _check_handler(given: Mapping[str, str]) -> None:
    classname = _name("H", given["H"]).classname or names.CIMXML
    if classname not in _CLASS_OPTIONS:
        raise SyntaxRefusedError.of(wording.ARGUMENT_UNEXPECTED, value=given["H"])
    taken, needed = _CLASS_OPTIONS[classname]
    for flag in (flag for flag in given if flag in _OF_HANDLER):
        _refuse(flag, if_=_SAME.get(flag, flag) not in taken)
    letters = {_SAME.get(flag, flag) for flag in given}
    for flag in needed:
        if flag not in letters:
            mail = classname == names.EMAIL
            raise SyntaxRefusedError.of(
                wording.OPTION_NEEDED, option=_dashed("M" if mail and flag == "T" else flag)
            )
    _check_number("P", given, range(1, 65536))
    _check_number("V", given, wording.SNMP_VERSIONS)


def _check_batch(_: str, given: Mapping[str, str]) -> None:
    for flag in "FH":
        _refuse(flag, if_=flag in given)


def _check_nothing(_: str, __: Mapping[str, str]) -> None:
    """Help and version refuse every option where it stands."""


_CHECKS: Mapping[str, Callable[[str, Mapping[str, str]], None]] = MappingProxyType(
    {
        LIST: _check_list,
        ENABLE: _check_state,
        DISABLE: _check_state,
        REMOVE: _check_remove,
        CREATE: _check_create,
        BATCH: _check_batch,
    }
)


def _check_what(flag: str, value: str, allowed: str) -> None:
    if len(value) != 1 or value not in allowed:
        raise SyntaxRefusedError.of(wording.ARGUMENT_INVALID, value=value, option=_dashed(flag))


def _check_number(flag: str, given: Mapping[str, str], allowed: Container[int]) -> None:
    text = given.get(flag)
    if text is not None and not (
        text.isascii() and text.isdigit() and len(text) < 9 and int(text) in allowed
    ):
        raise SyntaxRefusedError.of(wording.ARGUMENT_INVALID, value=text, option=_dashed(flag))


def _need(flag: str, given: Mapping[str, str]) -> None:
    if flag not in given:
        raise SyntaxRefusedError.of(wording.OPTION_NEEDED, option=_dashed(flag))


def _refuse(flag: str, *, if_: bool) -> None:
    if if_:
        raise SyntaxRefusedError.of(wording.OPTION_UNEXPECTED, option=_dashed(flag))


def _dashed(flag: str) -> str:
    return flag if flag.startswith("-") else f"-{flag}"


# -- the result


def _command(operation: str, what: str, given: Mapping[str, str]) -> Command:
    return Command(
        operation,
        what,
        "v" in given,
        _name("F", given["F"]) if "F" in given else None,
        _name("H", given["H"]) if "H" in given else None,
        given.get("n", ""),
        {_SAME.get(flag, flag): value for flag, value in given.items() if flag in _OF_FILTER | _OF_HANDLER},
        {flag: value for flag, value in given.items() if flag.startswith("--")},
    )


def _name(flag: str, text: str) -> Name:
    try:
        return names.filter_name(text) if flag == "F" else names.handler_name(text)
    except ValueError:
        raise SyntaxRefusedError.of(wording.ARGUMENT_INVALID, value=text, option=_dashed(flag)) from None
