"""tog-pegasus as a host of the providers: bridge, classes and providers are registered, and removed again."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mof
import openesm
import providers
import providers.cmpi
from esmctl import bindings
from esmctl.failure import FailureError
from esmctl.registration import LIBRARY, MODULE, pegasus, served
from esmd.cmpi.start import configured
from openesm.cim.mofc import compile_schema
from openesm.cim.path import normal_namespace
from openesm.cim.provider import NAMESPACE
from openesm.cim.schema import Schema
from openesm.text import say
from providers.others.gathering import Others
from providers.others.trusted import check

INTEROP = "root/PG_InterOp"
TIMEOUT_S = 300.0
TOOLS = ("cimmof", "cimcli", "cimprovider", "cimconfig")
# wbemcli cannot read the attribute that Pegasus adds to the property of an embedded instance, even a NULL one
_EMBEDDED = re.compile(r"(?:,\s*|(?<=\[))EmbeddedInstance \( \"\w+\" \)(?=\s*\]\s*string AllocationState;)")
_EMPTY = re.compile(r"\[\s*\]\s*(?=string AllocationState;)")


@dataclass(frozen=True, slots=True)
class Pegasus:
    """An installed one.

    Attributes:
        home: where a Pegasus that was built lives (PEGASUS_HOME); None for the one of the distribution.
        others: MOF files of providers of others.
    """

    home: Path | None
    others: tuple[Path, ...] = ()

    # -- what is there

    def missing(self, *, by_bindings: bool = False) -> Iterator[str]:
        """What keeps the providers from being registered; with cmpi-bindings nothing has to be compiled."""
        yield from (name for name in TOOLS if self._tool(name) is None)
        if by_bindings:
            return
        compiler = os.environ.get("CC", "cc")
        if shutil.which(compiler) is None:
            yield compiler
        if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
            yield "libpython"
        if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
            yield "Python.h"

    def bridge(self, library: str = LIBRARY) -> Path:
        """Where Pegasus looks for the bridge, or another library of providers."""
        words = self._run("cimconfig", "-g", "providerDir", "-c").rpartition(":")[2].strip()
        return (self.home or Path("/")) / words / f"lib{library}.so"

    def is_running(self) -> bool:
        return self._succeeds("cimprovider", "-l")

    def state(self) -> str:
        """What Pegasus says of the module; "" where it does not know it."""
        for line in self._run("cimprovider", "-l", "-s").splitlines():
            name, _, told = line.partition(" ")
            if name == MODULE:
                return told.strip()
        return ""

    def classes(self) -> int:
        """How many of the providers' classes the namespace has."""
        names = set(self._run("cimcli", "nc", "-di", "-n", NAMESPACE, check=False).split())
        return sum(provider.classname in names for provider in providers.installed())

    # -- changes

    def register(self, *, by_bindings: bool = False) -> None:
        """Builds and registers; what was registered before is replaced.

        Args:
            by_bindings: cmpi-bindings is the way to the providers, not the bridge.
        """
        library = bindings.LIBRARY if by_bindings else LIBRARY
        schema = Schema(compile_schema(more=self.others))
        for refused, reason in schema.refused.items():
            raise FailureError.of("pegasus-failed", command=refused, reason=reason)
        names = [name for file in self.others for name in schema.declared[str(file)]]
        own = schema.namespaces[normal_namespace(NAMESPACE)]
        others = [cls for name in names if (cls := own.get(name)) is not None]
        if by_bindings:
            bindings.install(self.bridge(library))
        else:
            build(self.bridge())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy = _for_pegasus(folder / "mof")
            files = [copy / mof.ROOTS[NAMESPACE], *((mof.FOR_OTHERS, *self.others) if others else ())]
            for file in files:
                self._run("cimmof", "-w", "-aEV", "-uc", "-n", NAMESPACE, str(file))
            if self.state():
                self._forget()
            registration = folder / "openesm.mof"
            classes = served(providers.installed(), others)
            registration.write_text(pegasus(classes, openesm.__version__, library), "utf-8")
            self._run("cimmof", "-w", "-n", INTEROP, str(registration))

    def unregister(self) -> None:
        """Removes module, library, classes and namespace."""
        if self.state():
            self._forget()
        self.bridge().unlink(missing_ok=True)
        for classname in leaves_first(self.others):
            self._run("cimcli", "dc", classname, "-n", NAMESPACE, check=False)
        for qualifier in self._run("cimcli", "eq", "-n", NAMESPACE, check=False).splitlines():
            if found := re.match(r"\s*Qualifier (\w+)", qualifier):
                self._run("cimcli", "dq", found[1], "-n", NAMESPACE, check=False)
        parent, _, child = NAMESPACE.partition("/")
        self._run("cimcli", "di", f'__Namespace.Name="{child}"', "-n", parent, check=False)
        bindings.remove()

    def _forget(self) -> None:
        self._run("cimprovider", "-d", "-m", MODULE, check=False)
        self._run("cimprovider", "-r", "-m", MODULE)

    # -- its tools

    def _tool(self, name: str) -> str | None:
        folder = str(self.home / "bin") if self.home else os.environ.get("PATH", "") + ":/usr/sbin"
        return shutil.which(name, path=folder)

    def _environment(self) -> dict[str, str]:
        if self.home is None:
            return dict(os.environ)
        return {**os.environ, "PEGASUS_HOME": str(self.home)}

    def _done(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self._tool(words[0]) or words[0], *words[1:]]
        return subprocess.run(
            command, capture_output=True, text=True, env=self._environment(), timeout=TIMEOUT_S, check=False
        )

    def _succeeds(self, *words: str) -> bool:
        return self._done(*words).returncode == 0

    def _run(self, *words: str, check: bool = True) -> str:
        done = self._done(*words)
        if check and done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise FailureError.of("pegasus-failed", command=words[0], reason=reason[-1] if reason else "?")
        return done.stdout


def build(library: Path) -> None:
    """Compiles the bridge for this interpreter and this installation."""
    folder = Path(providers.cmpi.__file__).parent
    paths = sysconfig.get_paths()
    version = sysconfig.get_config_var("LDVERSION")
    command = [
        os.environ.get("CC", "cc"),
        *("-shared", "-fPIC", "-O2", f"-I{paths['include']}"),
        *(f'-DOPENESM_SITE="{paths["purelib"]}"', f'-DOPENESM_EXECUTABLE="{sys.executable}"'),
        f'-DOPENESM_PYTHON="{_base_python()}"',
        *(str(folder / "bridge.c"), "-o", str(library)),
        *(f"-L{sysconfig.get_config_var('LIBDIR')}", f"-lpython{version}", "-ldl", "-lpthread"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise FailureError.of("pegasus-failed", command=command[0], reason=done.stderr.strip()[-400:])


def _base_python() -> str:
    """The interpreter whose library is linked, not that of a virtual environment."""
    return str(Path(sys.base_exec_prefix) / "bin" / f"python{sysconfig.get_python_version()}")


def leaves_first(others: Sequence[Path] = ()) -> list[str]:
    """The classes of the namespace, each before those that it derives from or refers to."""
    namespace = Schema(compile_schema(more=others)).namespaces[normal_namespace(NAMESPACE)]
    classes = [cls for name in namespace.descendants("") if (cls := namespace.get(name)) is not None]
    return [cls.name for cls in sorted(classes, key=lambda cls: (not cls.is_association, -len(cls.ancestry)))]


def _for_pegasus(folder: Path) -> Path:
    """A copy of the MOF files as Pegasus is given them."""
    shutil.copytree(mof.FOLDER, folder)
    for path in folder.rglob("*.mof"):
        text = path.read_text("utf-8")
        changed = _EMPTY.sub("", _EMBEDDED.sub("", text))
        if changed != text:
            path.write_text(changed, "utf-8")
    return folder


# -- what the commands share


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, metavar="DIR", help=say("esmctl.pegasus-option-home"))


def named(args: argparse.Namespace) -> Pegasus:
    """The Pegasus that the command line, or PEGASUS_HOME, names; else the one of the distribution."""
    home = args.home or os.environ.get("PEGASUS_HOME")
    return Pegasus(Path(home).absolute() if home else None, tuple(_others()))


def _others() -> list[Path]:
    """The MOF files of others that the provider process finds: it reads the same configuration."""
    found, settings = Others(), configured()
    found.add_installed()
    folder = settings and settings.providers.folder
    declared = (
        [file for file in sorted(folder.glob("*.mof")) if file.with_suffix(".py").exists()] if folder else []
    )
    for file in declared:
        check(file)
    return [*found.mof, *declared]


def ready(args: argparse.Namespace) -> Pegasus:
    """A Pegasus that runs and has what is needed.

    Raises:
        FailureError: with all that is missing.
    """
    found = named(args)
    missing = list(found.missing(by_bindings=getattr(args, "bindings", False)))
    if missing:
        raise FailureError.of("pegasus-missing", names=", ".join(missing))
    if not found.is_running():
        raise FailureError.of("pegasus-not-running")
    return found
