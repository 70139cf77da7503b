"""CIM values as pywbem has them, and as this project has them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pywbem

from openesm.cim.path import KeyValue, Path
from openesm.cim.provider import Row
from openesm.cim.schema import Class, Parameter, Property
from openesm.cim.values import DateTime, Instance, TypedValue, Value

# what the host fills in where a provider does not
_FILLED_IN = frozenset(
    {"creationclassname", "systemcreationclassname", "systemname", "cscreationclassname", "csname"}
)


# -- to pywbem


def given_name(path: Path, namespace: str) -> Any:
    """A path as pywbem's."""
    keys = {name: _given(value, "", namespace) for name, value in path.keys}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers of unknown width are right here
        return pywbem.CIMInstanceName(path.classname, keys, namespace=path.namespace or namespace)


def given_value(typed: TypedValue, namespace: str) -> Any:
    """A value of its own type as pywbem's."""
    return _each(typed.value, lambda item: _given(item, typed.type, namespace))


def given_as(value: Value, declared: Property | Parameter, namespace: str) -> Any:
    """A value in the type of a property or parameter as pywbem's."""
    return given_value(TypedValue(value, declared.type, declared.is_array), namespace)


def _given(value: Value, cim_type: str, namespace: str) -> Any:
    if value is None:
        return None
    if isinstance(value, Path):
        return given_name(value, namespace)
    if isinstance(value, Instance):
        return given_instance(value, namespace)
    if isinstance(value, DateTime):
        return pywbem.CIMDateTime(value.text)
    if cim_type in ("", "string", "reference"):
        return value
    return pywbem.cimvalue(value, cim_type)


def given_instance(instance: Instance, namespace: str) -> Any:
    """An instance as pywbem's, with the properties that it has."""
    made = pywbem.CIMInstance(instance.classname)
    if instance.path is not None:
        made.path = given_name(instance.path, namespace)
    for name, typed in instance.properties.items():
        cim_type = typed.type or "string"
        made.properties[name] = pywbem.CIMProperty(
            name, given_value(typed, namespace), type=cim_type, is_array=typed.is_array
        )
    return made


class Model(pywbem.CIMInstance):  # type: ignore[misc]
    """An instance that a provider fills: every property of its class is there, NULL at first.

    A value becomes the type that the class says; what the class does not have is dropped, as ever.
    """

    def __init__(
        self, cls: Class, namespace: str, path: Any = None, only: frozenset[str] | None = None
    ) -> None:
        super().__init__(cls.name)
        self._path = path or pywbem.CIMInstanceName(cls.name, namespace=namespace)
        self._declared = cls.properties
        self.property_list = None
        for key, prop in cls.properties.items():
            if only is None or key in only:
                self._put(prop, None)
        for name, value in self._path.keybindings.items():
            self[name] = value

    def _put(self, prop: Property, value: Any) -> None:
        if value is not None and prop.type not in ("reference", "string"):
            value = _each(value, lambda item: pywbem.cimvalue(item, prop.type))
        self.properties[prop.name] = pywbem.CIMProperty(
            prop.name,
            value,
            type=prop.type,
            is_array=prop.is_array,
            reference_class=prop.reference_class or None,
        )

    def __setitem__(self, name: str, value: Any) -> None:
        prop = self._declared.get(name.lower())
        if prop is not None:
            self._put(prop, value.value if isinstance(value, pywbem.CIMProperty) else value)
            if name in self._path.keybindings:
                self._path.keybindings[name] = value

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets properties, from mappings, pairs or keywords."""
        for each in (*args, kwargs):
            for name, value in each.items() if hasattr(each, "items") else each:
                self[name] = value

    def update_existing(self, *args: Any, **kwargs: Any) -> None:
        """Sets those properties that the model has."""
        for each in (*args, kwargs):
            for name, value in each.items() if hasattr(each, "items") else each:
                if name in self.properties:
                    self[name] = value


# -- from pywbem


def taken_row(cls: Class, instance: Any) -> Row:
    """What a provider filled in, as a row: the class's properties, and NULL where the host fills nothing in.

    A key that only the path has is taken from there.
    """
    row: dict[str, Value] = {}
    for key, prop in cls.properties.items():
        found = instance.properties.get(prop.name)
        value = None if found is None else taken_value(found.value)
        if value is None and prop.is_key and instance.path is not None:
            value = taken_value(instance.path.keybindings.get(prop.name))
        if value is not None or (prop.default is None and key not in _FILLED_IN):
            row[prop.name] = value
    return row


def taken_value(value: Any) -> Value:
    """A value of pywbem, or a plain one of Python."""
    taken: Value = _each(value, _taken)
    return taken


def _taken(value: Any) -> Any:
    if isinstance(value, pywbem.CIMInstanceName):
        return taken_name(value)
    if isinstance(value, pywbem.CIMInstance):
        return taken_instance(value)
    if isinstance(value, pywbem.CIMDateTime):
        return DateTime.parse(str(value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def taken_name(name: Any) -> Path:
    keys: list[tuple[str, KeyValue]] = []
    for key, value in name.keybindings.items():
        taken = _taken(value)
        if taken is not None:
            keys.append((key, taken))
    return Path(name.classname, tuple(keys), name.namespace or "")


def taken_instance(instance: Any) -> Instance:
    """An instance as it is, each value with its type."""
    properties: Mapping[str, TypedValue] = {
        name: TypedValue(taken_value(prop.value), prop.type, prop.is_array)
        for name, prop in instance.properties.items()
    }
    path = None if instance.path is None else taken_name(instance.path)
    return Instance(instance.classname, dict(properties), path)


def _each(value: Any, convert: Any) -> Any:
    return [convert(item) for item in value] if isinstance(value, list | tuple) else convert(value)
