"""SEC-63: no shell, no evaluation of text, no pickles, only safe YAML; every program with a time limit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROOMS = (
    "esmctl",
    "esmd",
    "indications",
    "mof",
    "openesm",
    "providers",
    "subscription",
    "script",
    "benchmarks",
)
MODULES = {
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "commands",
    "popen2",
    "pty",
    "jsonpickle",
}
YAML = {"yaml.safe_load", "yaml.safe_load_all", "yaml.YAMLError"}
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {"os.system", "os.popen", "os.execl", "os.execlp", "os.spawnlp", "subprocess.getoutput",
              "subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "tempfile.mktemp"}  # fmt: skip
RUNNERS = {"subprocess.run", "subprocess.check_output", "subprocess.check_call", "subprocess.call"}


def violations(tree: ast.AST) -> Iterator[str]:
    """What SEC-63 forbids in a module, as `line: what`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"{node.lineno}: {n.name}" for n in names if n.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES | {"yaml"}:
                yield f"{node.lineno}: {module}"
            case ast.Attribute(value=ast.Name(id="yaml")) if ast.unparse(node) not in YAML:
                yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.Call(func=function, keywords=keywords):
                name = ast.unparse(function)
                if name in CALLS | ATTRIBUTES:
                    yield f"{node.lineno}: {name}"
                given = {keyword.arg: keyword.value for keyword in keywords}
                shell = given.get("shell")
                if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
                    yield f"{node.lineno}: shell"
                if name in RUNNERS and "timeout" not in given:
                    yield f"{node.lineno}: {name} without a time limit"


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((PROJECT / room).rglob("*.py"))


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_sec_63_gate(path: Path) -> None:
    in_product = path.relative_to(PROJECT).parts[0] not in ("script", "benchmarks")
    found = list(violations(ast.parse(path.read_text("utf-8"))))
    assert [f for f in found if in_product or "time limit" not in f] == []


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from yaml import load", "import yaml; yaml.load(x)", "yaml.unsafe_load_all(x)",
     "eval('1')", "os.system('x')", "run('x', shell=True)", "subprocess.run(['x'])",
     "subprocess.Popen('x', shell=flag)", "import os, marshal"],
)  # fmt: skip
def test_sec_63_the_gate_sees(source: str) -> None:
    assert list(violations(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["subprocess.run(['x'], timeout=5)", "re.compile('x')", "Popen(['x'], shell=False)"]
)
def test_sec_63_the_gate_lets_pass(source: str) -> None:
    assert not list(violations(ast.parse(source)))
