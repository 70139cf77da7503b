"""monitor.ini, by which older agents set how indications are tried again (CAU-3); pure.

```ini
[CimAlert]
RetryCount=3
WaitTime=30
```
RetryCount is the number of tries after the first, WaitTime the seconds between them. Names are read in any
case; other sections and keys are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indications.wrong import InputError

MOST_BYTES = 1 << 16
_SECTION = "cimalert"
_RANGES = {"retrycount": ("RetryCount", 0, 65535), "waittime": ("WaitTime", 0, 86400)}


@dataclass(frozen=True, slots=True)
class CimAlert:
    """What the file says of CIM indications; None where it says nothing."""

    retry_count: int | None = None
    wait_time_s: int | None = None


def parse(content: bytes, file: str) -> CimAlert:
    """The section `CimAlert`; bytes that are not UTF-8, as in comments of old files, do no harm.

    Args:
        file: its name, for messages.

    Raises:
        InputError: with file and line.
    """
    if len(content) > MOST_BYTES:
        raise InputError("file-too-big", file=file, most=MOST_BYTES)
    found: dict[str, int] = {}
    for line, section, key, value in _entries(content.decode("utf-8-sig", "replace"), file):
        if section == _SECTION and key in _RANGES:
            name, low, high = _RANGES[key]
            if key in found:
                raise InputError("file-twice", file=file, line=line, name=name)
            if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
                raise InputError(
                    "file-number", file=file, line=line, name=name, low=low, high=high, value=value[:40]
                )
            found[key] = int(value)
    return CimAlert(found.get("retrycount"), found.get("waittime"))


def _entries(text: str, file: str) -> Iterator[tuple[int, str, str, str]]:
    """(line, section, key, value) of each entry; section and key in lower case."""
    section = ""
    for line, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped[0] in ";#":
            continue
        if stripped[0] == "[" and stripped[-1] == "]":
            section = stripped[1:-1].strip().lower()
            continue
        key, equals, value = stripped.partition("=")
        if not equals:
            raise InputError("file-line", file=file, line=line, text=stripped[:60])
        yield line, section, key.strip().lower(), value.strip()
