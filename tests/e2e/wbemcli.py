"""wbemcli (sblim-wbemcli 1.6) as a program, and what it prints as data."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.running import PASSWORD, RunningAgent

NAMESPACE = "root/ESMPRO/AS"
_KEY = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|\Z)')


@dataclass(frozen=True)
class Outcome:
    exit: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def cim_code(self) -> int | None:
        """The code in `* wbemcli: Cim: (6) CIM_ERR_NOT_FOUND: …`."""
        match = re.match(r"\*\n\* wbemcli: Cim: \((\d+)\) CIM_ERR_\w+: [^\n]+\n\*\n\Z", self.err)
        return int(match[1]) if match else None


@dataclass(frozen=True)
class Printed:
    """An instance as `-nl -t` prints it; values by plain name, keys as told by their `#`."""

    path: str
    values: Mapping[str, str]
    keys: tuple[str, ...]
    arrays: tuple[str, ...]

    def text(self, name: str) -> str | None:
        """A string property; None for NULL."""
        raw = self.values[name]
        return re.sub(r"\\(.)", r"\1", raw[1:-1]) if raw else None

    def number(self, name: str) -> int | None:
        return int(self.values[name]) if self.values[name] else None

    def texts(self, name: str) -> list[str]:
        return re.findall(r'"((?:[^"\\]|\\.)*)"', self.values[name])


@dataclass(frozen=True)
class Wbemcli:
    agent: RunningAgent
    user: str = "admin"
    password: str = PASSWORD

    def run(
        self, *arguments: str, on: str = "", ns: str = NAMESPACE, then: str = "", tls: bool = False
    ) -> Outcome:
        """`wbemcli ARGUMENTS URL/NS:ON [THEN]`."""
        scheme, port = ("https", self.agent.https_port) if tls else ("http", self.agent.http_port)
        url = f"{scheme}://{self.user}:{self.password}@localhost:{port}/{ns}{f':{on}' if on else ''}"
        command = ["wbemcli", *arguments, url, *([then] if then else [])]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def instances(self, classname: str, ns: str = NAMESPACE) -> list[Printed]:
        """What `ei -nl -t` prints of a class."""
        outcome = self.run("ei", "-nl", "-t", on=classname, ns=ns)
        assert (outcome.exit, outcome.err) == (0, ""), outcome.err
        return list(parse(outcome.out))


def parse(text: str) -> Iterator[Printed]:
    for block in text.split("\n\n"):
        path, *lines = block.strip("\n").split("\n")
        if not path:
            continue
        values, keys, arrays = {}, [], []
        for line in lines:
            assert line.startswith("-"), line
            name, _, value = line[1:].partition("=")
            plain = name.rstrip("#&").removesuffix("[]")
            values[plain] = value
            if "#" in name:
                keys.append(plain)
            if "[]" in name:
                arrays.append(plain)
        yield Printed(path, values, tuple(keys), tuple(arrays))


def keys_of(path: str) -> dict[str, str]:
    """The keys of a printed path."""
    return {name: value.strip('"') for name, value in _KEY.findall(path.split(":", 2)[-1].partition(".")[2])}
