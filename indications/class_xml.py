"""class.xml, by which older agents chose what is watched (CAU-5); pure.

```xml
<ClassList>
  <Class><Name>ESM_FileSystemThread</Name><Interval>60</Interval><Enabled>1</Enabled></Class>
</ClassList>
```
A class that is not listed is not watched. Interval (seconds) and Enabled (0 or 1) can be left out; other
elements of a Class are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Never
from xml.parsers import expat

from indications.thresholds import CLASSES, INTERVAL, TOTAL, defaults
from indications.wrong import InputError

MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """What the file says of a class; `interval_s` is None where it says nothing."""

    name: str
    enabled: bool = True
    interval_s: int | None = None


def parse(content: bytes, file: str) -> Mapping[str, ClassEntry]:
    """The listed classes by name, lower-cased, in the order of the file.

    Args:
        file: its name, for messages.

    Raises:
        InputError: with file and line.
    """
    if len(content) > MOST_BYTES:
        raise InputError("file-too-big", file=file, most=MOST_BYTES)
    reader = _Reader(file)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as wrong:
        raise InputError(
            "file-xml", file=file, line=wrong.lineno, reason=expat.ErrorString(wrong.code)
        ) from wrong
    except InputError:
        raise
    except (LookupError, ValueError) as unknown:  # an encoding that the parser cannot read
        raise InputError("file-xml", file=file, line=1, reason=str(unknown)) from unknown
    return reader.entries


def sample() -> str:
    """A file that changes nothing: all threads run, as without one; to start from."""
    shipped = ((name, monitoring) for name in CLASSES if (monitoring := defaults(name, TOTAL)))
    lines = (
        f"  <Class><Name>{name}</Name><Interval>{monitoring.interval_s}</Interval>"
        "<Enabled>1</Enabled></Class>\n"
        for name, monitoring in shipped
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ClassList>\n{"".join(lines)}</ClassList>\n'


@dataclass(slots=True)
class _Reader:
    file: str
    entries: dict[str, ClassEntry] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    text: str = ""
    parser: expat.XMLParserType = field(default_factory=expat.ParserCreate)

    def __post_init__(self) -> None:
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = lambda *_: self._refuse("file-doctype")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, key: str, **args: object) -> Never:
        raise InputError(key, file=self.file, line=self.parser.CurrentLineNumber, **args)

    def _start(self, name: str, _: dict[str, str]) -> None:
        depth = len(self.open)
        if depth < len(_NESTING) and name != _NESTING[depth]:
            self._refuse("file-element", found=name, expected=_NESTING[depth])
        if depth == 1:
            self.values = {}
        self.open.append(name)
        self.text = ""

    def _characters(self, text: str) -> None:
        self.text += text

    def _end(self, name: str) -> None:
        self.open.pop()
        if len(self.open) == 1:
            self._finish()
        elif len(self.open) == 2:
            if name in self.values:
                self._refuse("file-twice", name=name)
            self.values[name] = self.text.strip()

    def _finish(self) -> None:
        name = self.values.get("Name", "")
        if not name:
            self._refuse("file-name")
        if name.lower() in self.entries:
            self._refuse("file-twice", name=name)
        enabled, interval = self._number("Enabled", 0, 1), self._number("Interval", *INTERVAL)
        self.entries[name.lower()] = ClassEntry(name, enabled != 0, interval)

    def _number(self, name: str, low: int, high: int) -> int | None:
        if name not in self.values:
            return None
        value = self.values[name]
        if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
            self._refuse("file-number", name=name, low=low, high=high, value=value[:40])
        return int(value)


_NESTING = ("ClassList", "Class")
