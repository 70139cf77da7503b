"""The users file: `name:hash:role[:namespaces]`, a user a line.

Hashes are bcrypt (`$2a$`, `$2b$`, `$2y$`), so the lines of `htpasswd -B` are taken; a line without a role is
a viewer. Namespaces are separated by commas; without them the user may use all of ours. Empty lines and
lines that begin with # are kept as they are.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Self

from openesm import atomic
from openesm.cim.path import normal_namespace
from openesm.settings.problem import Problem, ProblemsError
from openesm.text import Message

DEFAULT_COST = 12
PASSWORD_BYTES = 72  # bcrypt takes no more; longer ones are refused, never cut
_NAME_BYTES = 256
_FILE_BYTES = 1 << 20
_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_NAMESPACE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*")
_MODE = 0o640


class Role(IntEnum):
    """What a user may do; each role includes those below it."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @classmethod
    def parse(cls, text: str) -> Self:
        """The role by its name in lower case; else ValueError."""
        for role in cls:
            if role.name.lower() == text:
                return role
        raise ValueError(text)

    def __str__(self) -> str:
        return self.name.lower()


class RefusedError(Exception):
    """A line that is not a user; `message` says why."""

    def __init__(self, key: str, **args: object) -> None:
        self.message = Message.of(f"users.{key}", **args)
        super().__init__(key)


class UsersError(ProblemsError):
    """A users file that is not used, or a change of it that is refused."""


@dataclass(frozen=True, slots=True)
class User:
    """One line of the file; `namespaces` normalised, empty for all of ours."""

    name: str
    hash: str
    role: Role
    namespaces: frozenset[str] = frozenset()

    @property
    def is_strong(self) -> bool:
        """Whether the hash is bcrypt; nobody logs in with another."""
        return _BCRYPT.fullmatch(self.hash) is not None

    @property
    def line(self) -> str:
        spaces = f":{','.join(sorted(self.namespaces))}" if self.namespaces else ""
        return f"{self.name}:{self.hash}:{self.role}{spaces}"


@dataclass(frozen=True, slots=True)
class Users:
    """The users of a file, by value: an edit gives new Users, `save` writes them."""

    path: Path
    lines: tuple[str | User, ...] = ()

    @classmethod
    def load(cls, path: Path, *, repairing: bool = False) -> Self:
        """The users of the file at `path`; a missing file has none.

        Args:
            repairing: keep weak hashes, for the tool that replaces them; nobody logs in with one.

        Raises:
            UsersError: unreadable, writable by group or others, or with lines that are wrong or weak.
        """
        try:
            text = _contents(path)
        except FileNotFoundError:
            return cls(path)
        except OSError as failed:
            raise UsersError.at(path, 0, "users.unreadable", reason=failed.strerror) from failed
        return cls.parse(text, path, repairing=repairing)

    @classmethod
    def parse(cls, text: str, path: Path, *, repairing: bool = False) -> Self:
        """The users in the text of a file; UsersError tells all wrong lines at once."""
        lines: list[str | User] = []
        problems: list[Problem] = []
        seen: set[str] = set()
        for number, line in enumerate(text.replace("\r\n", "\n").removesuffix("\n").split("\n"), 1):
            try:
                lines.append(_entry(line, seen, repairing))
            except RefusedError as refused:
                problems.append(Problem(path, number, refused.message))
        if problems:
            raise UsersError(tuple(problems))
        return cls(path, tuple(lines))

    def __iter__(self) -> Iterator[User]:
        return (line for line in self.lines if isinstance(line, User))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str) -> User | None:
        return next((user for user in self if user.name == name), None)

    def verify(self, user: User | None, password: bytes) -> bool:
        """Whether `password` is that of `user`; nobody costs as much as the costliest of the file."""
        costs = [int(known.hash[4:6]) for known in self if known.is_strong]
        return matches(user, password, cost=max(costs, default=_cost()))

    def add(self, user: User) -> Self:
        """With one more user, or UsersError when the name is wrong or taken."""
        if not is_name(user.name):
            raise UsersError.at(self.path, 0, "users.bad-name", name=user.name)
        if self.get(user.name):
            raise UsersError.at(self.path, 0, "users.exists", name=user.name)
        return replace(self, lines=(*self.lines, user))

    def set_password(self, name: str, hashed: str) -> Self:
        """With the password of a user replaced; `hashed` is what `hash_password` gave."""
        return self._with(replace(self._known(name), hash=hashed))

    def set_role(self, name: str, role: Role, namespaces: frozenset[str] | None = None) -> Self:
        """With the role of a user replaced, and the namespaces where they are given."""
        user = self._known(name)
        spaces = user.namespaces if namespaces is None else namespaces
        return self._with(replace(user, role=role, namespaces=spaces))

    def remove(self, name: str) -> Self:
        gone = self._known(name)
        return replace(self, lines=tuple(line for line in self.lines if line != gone))

    def save(self) -> None:
        """Writes the file and keeps the one before as `.bak`; hold `lock` from `load` to here."""
        text = "".join(f"{line.line if isinstance(line, User) else line}\n" for line in self.lines)
        try:
            if self.path.exists():
                atomic.write(self.path.with_name(f"{self.path.name}.bak"), self.path.read_bytes(), _MODE)
            atomic.write(self.path, text.encode(), _MODE)
        except OSError as failed:
            raise UsersError.at(self.path, 0, "users.unwritable", reason=failed.strerror) from failed

    def _known(self, name: str) -> User:
        user = self.get(name)
        if user is None:
            raise UsersError.at(self.path, 0, "users.unknown", name=name)
        return user

    def _with(self, user: User) -> Self:
        changed = (user if isinstance(line, User) and line.name == user.name else line for line in self.lines)
        return replace(self, lines=tuple(changed))


@contextmanager
def lock(path: Path, *, wait_s: float = 5.0) -> Iterator[None]:
    """Holds `path`.lock; UsersError names the holder after `wait_s` seconds."""
    try:
        descriptor = atomic.acquire(path.with_name(f"{path.name}.lock"), wait_s=wait_s)
    except atomic.LockedError as held:
        raise UsersError.at(path, 0, "users.locked", holder=held.holder) from held
    except OSError as failed:
        raise UsersError.at(path, 0, "users.unwritable", reason=failed.strerror) from failed
    try:
        yield
    finally:
        os.close(descriptor)


def change(path: Path, edit: Callable[[Users], Users], *, wait_s: float = 5.0) -> Users:
    """Loads, edits and saves the file under its lock; the users as they are afterwards."""
    with lock(path, wait_s=wait_s):
        users = edit(Users.load(path, repairing=True))
        users.save()
    return users


def hash_password(password: bytes) -> str:
    """A new bcrypt hash, `$2b$`; ValueError for a password that could never match.

    The cost is 12; OPENESM_BCRYPT_COST (4 to 14) replaces it.
    """
    if not is_password(password):
        raise ValueError("password")
    import bcrypt

    return bcrypt.hashpw(password, bcrypt.gensalt(_cost())).decode("ascii")


def matches(user: User | None, password: bytes, *, cost: int | None = None) -> bool:
    """Whether `password` is that of `user`; for nobody the same work (of that cost) is done."""
    if not is_password(password):
        return False
    import bcrypt

    if user is None or not user.is_strong:
        bcrypt.checkpw(password, _nobody(_cost() if cost is None else cost))
        return False
    return bcrypt.checkpw(password, user.hash.encode("ascii"))


def is_password(password: bytes) -> bool:
    """1 to 72 bytes without control characters (SEC-03, SEC-06)."""
    return 0 < len(password) <= PASSWORD_BYTES and not any(byte < 32 or byte == 127 for byte in password)


def is_name(name: str) -> bool:
    """Printable, without blanks and colons, not a comment, at most 256 bytes."""
    fits = 0 < len(name.encode("utf-8", "surrogatepass")) <= _NAME_BYTES
    return fits and name.isprintable() and not re.search(r"[\s:]|^#", name)


def namespaces(text: str) -> frozenset[str]:
    """Normalised names from a list separated by commas; ValueError when one is no namespace."""
    names = [name.strip().strip("/") for name in text.split(",") if name.strip()]
    wrong = next((name for name in names if not _NAMESPACE.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(wrong)
    return frozenset(normal_namespace(name) for name in names)


def _entry(line: str, seen: set[str], repairing: bool) -> str | User:
    if not line.strip() or line.startswith("#"):
        return line
    user = _user(line)
    if user.name in seen:
        raise RefusedError("twice", name=user.name)
    if not (user.is_strong or repairing):
        raise RefusedError("weak-hash", name=user.name)
    seen.add(user.name)
    return user


def _user(line: str) -> User:
    name, _, rest = line.partition(":")
    hashed, _, rest = rest.partition(":")
    role, _, spaces = rest.partition(":")
    if not is_name(name):
        raise RefusedError("bad-name", name=name)
    try:
        return User(name, hashed, Role.parse(role.strip() or "viewer"), namespaces(spaces))
    except ValueError as wrong:
        raise RefusedError("bad-rest", name=name, value=str(wrong)) from wrong


def _contents(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as source:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise UsersError.at(path, 0, "users.not-a-file")
        if state.st_mode & 0o022:
            raise UsersError.at(path, 0, "users.writable", mode=f"{stat.S_IMODE(state.st_mode):04o}")
        data = source.read(_FILE_BYTES + 1)
    if len(data) > _FILE_BYTES:
        raise UsersError.at(path, 0, "users.too-big", most=_FILE_BYTES)
    try:
        return data.decode()
    except UnicodeDecodeError as wrong:
        raise UsersError.at(path, data.count(b"\n", 0, wrong.start) + 1, "users.not-utf8") from wrong


def _cost() -> int:
    text = os.environ.get("OPENESM_BCRYPT_COST", "")
    return min(14, max(4, int(text))) if re.fullmatch("[0-9]{1,2}", text) else DEFAULT_COST


def _nobody(cost: int) -> bytes:
    """A hash that no password is known for."""
    return b"$2b$%02d$" % cost + b"." * 22 + b"Nobody.knows.the.word.for.this."
