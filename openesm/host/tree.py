"""Files of the machine, or of a recording of one, under a root.

Nothing here raises for the content or the absence of a file (faults.md F37): what cannot be read is None.
"""

import os
import re
import threading
from contextlib import suppress
from pathlib import Path

LARGEST_FILE = 8 << 20  # bytes; what is beyond is not read
LARGEST_NUMBER = 2**64 - 1
_CHUNK = 1 << 16
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """The text without surrounding blanks; characters that XML 1.0 cannot carry become U+FFFD."""
    return _NOT_IN_XML.sub("\ufffd", text.strip(" \t\r\n\0"))


def label(text: str | None) -> str | None:
    """A name that hardware or firmware gave itself, in one line; None when it is blank."""
    return (printable(" ".join(text.split())) or None) if text else None


def number(text: str | None, base: int = 10) -> int | None:
    """A count in the range of uint64; None for anything else. Base 0 takes the prefix `0x`."""
    if text is None or len(text) > 64:
        return None
    try:
        value = int(text, base)
    except ValueError:
        return None
    return value if 0 <= value <= LARGEST_NUMBER else None


def signed(text: str | None, low: int, high: int) -> int | None:
    """A whole number within `low` and `high`, else None."""
    if text is None or len(text) > 64:
        return None
    try:
        value = int(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


def number_list(text: str | None) -> list[int]:
    """The numbers of a kernel list such as `0-3,8`; what is odd in it is left out."""
    numbers: set[int] = set()
    for part in (text or "").strip().split(",")[:4096]:
        first, _, last = part.partition("-")
        low, high = number(first), number(last or first)
        if low is not None and high is not None and low <= high < 65536:
            numbers.update(range(low, high + 1))
    return sorted(numbers)


class Tree:
    """Reads below `root`; paths are given without a leading slash (`proc/meminfo`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = os.fsencode(root).rstrip(b"/") + b"/"
        self._kept: dict[str, int] = {}
        self._lock = threading.Lock()

    def at(self, path: str) -> bytes:
        return self._prefix + os.fsencode(path)

    def raw(self, path: str) -> bytes | None:
        """The content of a file, at most LARGEST_FILE bytes."""
        try:
            descriptor = os.open(self.at(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError):
            return None
        try:
            return _read_all(descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def text(self, path: str) -> str | None:
        """The content as UTF-8; bytes that are none become U+FFFD."""
        raw = self.raw(path)
        return None if raw is None else raw.decode("utf-8", "replace")

    def line(self, path: str) -> str | None:
        """The content as one stripped text, None when it is blank."""
        text = self.text(path)
        return (text.strip(" \t\r\n\0") or None) if text is not None else None

    def label(self, path: str) -> str | None:
        return label(self.text(path))

    def number(self, path: str, base: int = 10) -> int | None:
        return number(self.line(path), base)

    def names(self, path: str) -> list[str]:
        """The names in a directory, sorted; [] when there is no such directory."""
        try:
            return sorted(os.fsdecode(name) for name in os.listdir(self.at(path)))  # noqa: PTH208 - bytes
        except (OSError, ValueError):
            return []

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(self.at(path))  # noqa: PTH112 - bytes

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.at(path))

    def link(self, path: str) -> str | None:
        """Where a symbolic link points, as it is written."""
        try:
            return os.fsdecode(os.readlink(self.at(path)))  # noqa: PTH115 - bytes
        except (OSError, ValueError):
            return None

    def link_name(self, path: str) -> str | None:
        """The last part of where a symbolic link points."""
        target = self.link(path)
        return target.rstrip("/").rpartition("/")[2] if target else None

    def real(self, path: str) -> str:
        """The path with its links followed, below the root."""
        real = os.path.realpath(self.at(path))
        return os.fsdecode(real.removeprefix(os.path.realpath(self._prefix)).lstrip(b"/"))

    def sampled(self, path: str) -> bytes | None:
        """The content of a file that is read again and again: its descriptor is kept open."""
        with self._lock:
            try:
                descriptor = self._kept.get(path)
                if descriptor is None:
                    descriptor = self._kept[path] = os.open(self.at(path), os.O_RDONLY | os.O_CLOEXEC)
                return _read_from_start(descriptor)
            except OSError:
                self._drop(path)
        return self.raw(path)

    def forget(self) -> None:
        """Closes the kept descriptors; the next reading opens anew."""
        with self._lock:
            for path in list(self._kept):
                self._drop(path)

    def _drop(self, path: str) -> None:
        descriptor = self._kept.pop(path, None)
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    chunks = []
    left = LARGEST_FILE
    while left > 0 and (chunk := os.read(descriptor, min(_CHUNK, left))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _read_from_start(descriptor: int) -> bytes:
    content = os.pread(descriptor, _CHUNK, 0)
    while chunk := os.pread(descriptor, _CHUNK, len(content)):
        content += chunk
        if len(content) > LARGEST_FILE:
            break
    return content
