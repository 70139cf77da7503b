"""All providers of others on this machine; one that cannot be used is left out, and stops nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from openesm.cim.path import normal_namespace
from openesm.cim.provider import NAMESPACE, Association, Provider
from openesm.cim.schema import Class, Schema
from openesm.text import Message
from providers.others import installed
from providers.others.broker import Broker
from providers.others.trusted import check

if TYPE_CHECKING:
    from providers.others.old_style import OldModule

T = TypeVar("T")
LOAD_S = 20.0

log = logging.getLogger("openesm.provider")


@dataclass(slots=True)
class Others:
    """What was found.

    Attributes:
        mof: the files that declare its classes.
        modules: those written for cmpi-bindings.
        problems: what was left out, and why.
    """

    mof: list[Path] = field(default_factory=list)
    modules: list[OldModule] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)
    _installed: list[tuple[str, Provider[Any] | Association]] = field(default_factory=list)

    def served(self, schema: Schema, known: Iterable[str]) -> list[Provider[Any] | Association]:
        """Their providers, those whose class is declared and has no provider yet.

        Args:
            known: names of the classes that have one.
        """
        for file, reason in schema.refused.items():
            self._leave_out("other-mof", Path(file).name, reason)
        namespace = schema.namespaces[normal_namespace(NAMESPACE)]
        taken = {name.lower() for name in known}
        found: list[Provider[Any] | Association] = []
        for name, provider in self._candidates(schema):
            key = provider.classname.lower()
            if key in taken:
                self._leave_out("other-failed", name, _of_class("served", provider.classname))
            elif key not in namespace:
                self._leave_out("other-failed", name, _of_class("no-class", provider.classname))
            else:
                taken.add(key)
                found.append(provider)
        return found

    def indicating(self, schema: Schema) -> Iterable[tuple[OldModule, list[Class]]]:
        """The modules that are told of subscriptions, each with the indications that its MOF declares."""
        namespace = schema.namespaces[normal_namespace(NAMESPACE)]
        for module in self.modules:
            names = schema.declared.get(str(module.file.with_suffix(".mof")), ())
            classes = [cls for name in names if (cls := namespace.get(name)) and cls.isa("CIM_Indication")]
            if classes and module.has_indications:
                yield module, classes

    def _candidates(self, schema: Schema) -> Iterable[tuple[str, Provider[Any] | Association]]:
        yield from self._installed
        if not self.modules:
            return
        from providers.others.old_style import providers

        for module in self.modules:
            try:
                made = list(providers(module, schema.namespaces[normal_namespace(NAMESPACE)]))
            except LookupError as absent:
                self._leave_out("other-failed", module.file.name, _of_class("no-class", absent))
                continue
            yield from ((module.file.name, provider) for provider in made)

    def add_installed(self) -> None:
        for entry in installed.entries():
            try:
                provider, file = installed.load(entry)
            except (Exception, SystemExit) as failed:  # whatever a stranger's module does
                self._fail(entry.name, failed)
                continue
            self._installed.append((entry.name, provider))
            if file.exists():
                self.mof.append(file)

    def add_folder(self, folder: Path, broker: Broker) -> None:
        from providers.others.old_style import load

        for file in sorted(folder.glob("*.py")):
            try:
                module = _within(LOAD_S, partial(load, file, broker))
                declared = file.with_suffix(".mof")
                if declared.exists():
                    check(declared)
                    self.mof.append(declared)
            except (Exception, SystemExit) as failed:  # whatever a stranger's file does
                self._fail(file.name, failed)
            else:
                self.modules.append(module)

    def _fail(self, name: str, failed: BaseException) -> None:
        log.error("provider %s cannot be loaded", name, exc_info=failed)
        reason = f"{type(failed).__name__}: {failed}"
        self.problems.append(Message.of("providers.other-failed", name=name, reason=reason))

    def _leave_out(self, key: str, name: str, reason: object) -> None:
        problem = Message.of(f"providers.{key}", name=name, reason=reason)
        log.error("%s", problem)
        self.problems.append(problem)

    def close(self) -> None:
        """Tells each of the end."""
        for module in self.modules:
            module.close()


def _within(limit_s: float, work: Callable[[], T]) -> T:
    """What `work` gives, in a thread of its own that nobody waits for longer.

    Raises:
        TimeoutError: it takes longer.
        BaseException: what the work raises.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as failed:
            done.set_exception(failed)

    threading.Thread(target=run, name="provider of others", daemon=True).start()
    return done.result(limit_s)


def _of_class(what: str, name: object) -> Message:
    return Message.of(f"providers.other-{what}", name=name)


def gather(folder: Path | None, broker: Broker) -> Others:
    """Loads them.

    Args:
        folder: of files written for cmpi-bindings; None where there is none.
    """
    found = Others()
    found.add_installed()
    if folder is not None:
        found.add_folder(folder, broker)
    return found
