"""Providers written for cmpi-bindings: files of a folder, each with a MOF file of the same stem beside it.

A file is loaded under a name of its own, so that one called like a module of ours or of another vendor is in
nobody's way. Its classes become `Provider` values like all others; what it raises becomes a CIM error.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.abc import SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any, TypeVar

import pywbem

from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import NAMESPACE, Method, MethodResult, Provider, Row
from openesm.cim.schema import Class, Namespace
from openesm.host import Host
from providers.others import cim_provider2
from providers.others.broker import Broker
from providers.others.cim_provider2 import CIMProvider2
from providers.others.converting import Model, given_as, given_name, taken_row, taken_value
from providers.others.environment import Environment
from providers.others.trusted import check

HOOKS = frozenset(
    {"authorize_filter", "activate_filter", "deactivate_filter", "enable_indications", "disable_indications"}
)

T = TypeVar("T")

log = logging.getLogger("openesm.provider")


@dataclass(frozen=True, slots=True)
class OldModule:
    """A loaded file.

    Attributes:
        served: class name -> the object that provides it.
    """

    file: FilePath
    module: ModuleType
    env: Environment
    served: Mapping[str, Any]

    def hook(self, name: str, *args: object) -> Any:
        """Calls a function of the module; None where it has none of that name.

        Raises:
            CIMError: it refuses, or fails.
        """
        function = getattr(self.module, name, None)
        return None if function is None else _guarded(lambda: function(self.env, *args), name)

    @property
    def has_indications(self) -> bool:
        return any(hasattr(self.module, name) for name in HOOKS)

    def close(self) -> None:
        """Tells the module of the end."""
        try:
            self.hook("shutdown")
        except CIMError as failed:
            log.error("%s: shutdown: %s", self.file, failed)


class _Checked(SourceLoader):
    """Runs what was checked: neither the file as it is by now, nor bytecode beside it."""

    def __init__(self, file: FilePath, source: bytes) -> None:
        self._file = file
        self._source = source

    def get_filename(self, _fullname: str) -> str:
        return str(self._file)

    def get_data(self, _path: str) -> bytes:
        return self._source


def load(file: FilePath, broker: Broker) -> OldModule:
    """Runs a file, and asks it what it provides.

    Raises:
        Exception: whatever the file raises; PermissionError where others can change it.
    """
    source = check(file)
    sys.modules.setdefault("pywbem.cim_provider2", cim_provider2)
    pywbem.cim_provider2 = cim_provider2
    loader = _Checked(file, source)
    spec = ModuleSpec(f"openesm_other_{file.stem}", loader, origin=str(file))
    module = module_from_spec(spec)
    module.__file__ = str(file)
    loader.exec_module(module)
    env = Environment(file.stem, broker)
    if hasattr(module, "init"):
        module.init(env)
    served = module.get_providers(env) if hasattr(module, "get_providers") else {}
    return OldModule(file, module, env, dict(served))


def providers(module: OldModule, namespace: Namespace) -> Iterator[Provider[Any]]:
    """The classes of a module as providers.

    Raises:
        LookupError: the namespace has no such class.
    """
    for name, served in module.served.items():
        cls = namespace.get(name)
        if cls is None:
            raise LookupError(name)
        if not cls.isa("CIM_Indication"):
            yield _Served(module.env, served, cls).provider()


@dataclass(frozen=True, slots=True)
class _Served:
    """One class of an object."""

    env: Environment
    served: Any
    cls: Class

    def provider(self) -> Provider[Any]:
        methods = {
            method.name: self._method(f"cim_method_{method.name.lower()}", method.name)
            for method in self.cls.methods.values()
            if hasattr(self.served, f"cim_method_{method.name.lower()}")
        }
        return Provider(
            classname=self.cls.name,
            read=self._read,
            instance=lambda row: row,
            element=lambda row: "/".join(str(row.get(key)) for key in self.cls.keys),
            may_block=True,
            create=self._create,
            modify=self._modify,
            delete=self._delete,
            methods=methods,
            find=self._find if self._has("get_instance") else None,
            refer=self._refer if self.cls.is_association and self._has("references") else None,
        )

    def _has(self, name: str) -> bool:
        found = getattr(type(self.served), name, None)
        return found is not None and found is not getattr(CIMProvider2, name)

    def _model(self, path: Any = None) -> Model:
        return Model(self.cls, NAMESPACE, path)

    def _rows(self, given: Callable[[], Iterable[Any] | None]) -> list[Row]:
        """What a generator yields, each taken at once: it may fill one model again and again."""
        what = f"the provider of {self.cls.name}"
        return _guarded(lambda: [taken_row(self.cls, each) for each in given() or ()], what)

    def _path(self, path: Path) -> Any:
        return given_name(path, NAMESPACE)

    # -- what it gives

    def _read(self, _host: Host) -> list[Row]:
        return self._rows(lambda: self.served.enum_instances(self.env, self._model(), False))

    def _find(self, _host: Host, path: Path) -> Row | None:
        try:
            found = self._rows(lambda: [self.served.get_instance(self.env, self._model(self._path(path)))])
        except CIMError as refused:
            if refused.status is Status.NOT_FOUND:
                return None
            raise
        return found[0]

    def _refer(self, _host: Host, path: Path) -> list[Row]:
        args = self._path(path), self._model(), "", None, None, False
        return self._rows(lambda: self.served.references(self.env, *args))

    # -- what it changes

    def _create(self, _host: Host, given: Row) -> Row:
        model = self._model()
        model.update({name: self._given(name, value) for name, value in given.items() if value is not None})
        made = _guarded(lambda: self.served.set_instance(self.env, model, False), "set_instance")
        return {**given, **taken_row(self.cls, model if made is None else made)}

    def _modify(self, _host: Host, row: Row, changes: Row) -> None:
        keys = {name: self._given(name, row[name]) for name in self.cls.keys}
        shown = frozenset(name.lower() for name in (*keys, *changes))
        path = pywbem.CIMInstanceName(self.cls.name, keys, namespace=NAMESPACE)
        model = Model(self.cls, NAMESPACE, path, only=shown)
        model.update({name: self._given(name, value) for name, value in changes.items()})
        _guarded(lambda: self.served.set_instance(self.env, model, True), "set_instance")

    def _delete(self, _host: Host, row: Row) -> None:
        path = self._name(row)
        _guarded(lambda: self.served.delete_instance(self.env, path), "delete_instance")

    def _method(self, function: str, name: str) -> Method:
        declared = {each.name.lower(): each for each in self.cls.methods[name.lower()].parameters}

        def invoke(_host: Host, row: Row | None, given: Row) -> MethodResult:
            params = {
                f"param_{key.lower()}": given_as(value, declared[key.lower()], NAMESPACE)
                for key, value in given.items()
            }
            about = self._model().path if row is None else self._name(row)
            call = getattr(self.served, function)
            result, out = _guarded(lambda: call(self.env, about, **params), function)
            returned = {
                declared[each.name.lower()].name: taken_value(each.value)
                for each in out or ()
                if each.name.lower() in declared
            }
            return MethodResult(taken_value(result), returned)

        return invoke

    def _name(self, row: Row) -> Any:
        keys = {name: self._given(name, row[name]) for name in self.cls.keys}
        return pywbem.CIMInstanceName(self.cls.name, keys, namespace=NAMESPACE)

    def _given(self, name: str, value: Any) -> Any:
        return given_as(value, self.cls.properties[name.lower()], NAMESPACE)


def _status(code: Any) -> Status:
    """A provider may raise anything as a status."""
    try:
        return Status(code)
    except ValueError:
        return Status.FAILED


def _guarded(work: Callable[[], T], what: str) -> T:
    """The result; what is raised as an error of ours, and an unexpected one in the log too."""
    try:
        return work()
    except CIMError:
        raise
    except pywbem.CIMError as refused:
        raise CIMError(_status(refused.status_code), refused.status_description or what) from refused
    except NotImplementedError as absent:
        raise CIMError(Status.NOT_SUPPORTED, str(absent) or what) from absent
    except (Exception, SystemExit) as failed:
        log.error("%s failed", what, exc_info=failed)
        raise CIMError(Status.FAILED, f"{what}: {type(failed).__name__}: {failed}") from failed
