"""Objects of the module `cmpi`, which SWIG makes for cmpi-bindings, and this project's values.

That module is given, because it exists in the CIMOM's process only. Its exceptions are never asked for their
text: cmpi-bindings 1.0.5 has freed it by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esmd.cmpi.form import ARRAY, NAMES, TYPES
from openesm.cim.path import KeyValue, Path
from openesm.cim.values import DateTime, Instance, TypedValue, Value

_CHARS = 5888
_NULL, _NOT_FOUND, _BAD = 0x100, 0x400, 0x8000
_ATTRIBUTES = {"reference": "ref", "datetime": "dateTime", "instance": "inst"}


# -- from SWIG


def path_of(given: Any) -> Path:
    """An object path; a class's path has no keys, whatever Pegasus counts."""
    keys: list[tuple[str, KeyValue]] = []
    for number in range(given.key_count()):
        try:
            data, name = given.get_key_at(number)
        except Exception:  # there is none (Pegasus counts one key of a class's path)
            break
        value = typed_of(data).value
        if isinstance(value, bool | int | float | str | DateTime | Path):
            keys.append((name, value))
    return Path(given.classname(), tuple(keys), given.namespace() or "")


def instance_of(given: Any) -> Instance:
    pairs = (given.get_property_at(number) for number in range(given.property_count()))
    return Instance(
        given.objectpath().classname(),
        {name: typed_of(data) for data, name in pairs},
        path_of(given.objectpath()),
    )


def arguments_of(given: Any) -> Mapping[str, TypedValue]:
    pairs = (given.get_arg_at(number) for number in range(given.arg_count()))
    return {name: typed_of(data) for data, name in pairs}


def typed_of(data: Any) -> TypedValue:
    """A CMPIData with its type; NULL where it has no value, or one of a type that CIM does not know."""
    is_array, code = bool(data.type & ARRAY), data.type & ~ARRAY
    cim_type = "string" if code == _CHARS else NAMES.get(code, "")
    told = "string" if cim_type in ("", "instance") else cim_type
    if not cim_type or data.state & (_NULL | _NOT_FOUND | _BAD) or data.is_null():
        return TypedValue(None, told, is_array)
    if not is_array:
        return TypedValue(_scalar_of(data.value, cim_type, code), told)
    array = data.value.array
    items = [array.at(number) for number in range(array.size())] if array is not None else []
    values: list[Value] = [
        None if item.state & _NULL or item.is_null() else _scalar_of(item.value, cim_type, code)
        for item in items
    ]
    return TypedValue(values, told, is_array=True)


def _scalar_of(value: Any, cim_type: str, code: int) -> Value:
    found = getattr(value, "chars" if code == _CHARS else _ATTRIBUTES.get(cim_type, cim_type))
    if found is None:
        return None
    if cim_type == "string":
        return str(found)
    if cim_type == "datetime":
        return DateTime.parse(str(found))
    if cim_type == "reference":
        return path_of(found)
    if cim_type == "instance":
        return instance_of(found)
    if cim_type == "boolean":
        return bool(found)
    if cim_type == "char16":
        return chr(found) if isinstance(found, int) else str(found)
    return float(found) if cim_type.startswith("real") else int(found)


# -- to SWIG


class Maker:
    """Makes objects of the CIMOM.

    Args:
        cmpi: the module.
        broker: its CMPIBroker.
    """

    def __init__(self, cmpi: Any, broker: Any) -> None:
        self._cmpi = cmpi
        self._broker = broker

    def path(self, given: Path) -> Any:
        made = self._broker.new_object_path(given.namespace, given.classname)
        for name, value in given.keys:
            typed = TypedValue(value, _type_of(value))
            made.add_key(name, *self.value(typed))
        return made

    def instance(self, given: Instance, namespace: str = "") -> Any:
        path = given.path or Path(given.classname, (), namespace)
        made = self._broker.new_instance(self.path(path), 1)
        for name, typed in given.properties.items():
            made.set_property(name, *self.value(typed))
        return made

    def arguments(self, given: Mapping[str, TypedValue], into: Any = None) -> Any:
        made = self._broker.new_args() if into is None else into
        for name, typed in given.items():
            made.set(name, *self.value(typed))
        return made

    def value(self, typed: TypedValue) -> tuple[Any, int]:
        """A CMPIValue and its type; None for NULL."""
        items = typed.value if isinstance(typed.value, list | tuple) else (typed.value,)
        first = next((item for item in items if item is not None), None)
        cim_type = "instance" if isinstance(first, Instance) else typed.type or _type_of(first)
        code = TYPES[cim_type]
        if typed.value is None:
            return None, code | ARRAY if typed.is_array else code
        if not typed.is_array:
            return self._scalar(typed.value, cim_type), code
        array = self._broker.new_array(len(items), code)
        for number, item in enumerate(items):
            if item is not None:
                array.set(number, self._scalar(item, cim_type), code)
        made = self._cmpi.CMPIValue()
        made.array = array
        return made, code | ARRAY

    def _scalar(self, value: Value, cim_type: str) -> Any:
        made = self._cmpi.CMPIValue()
        setattr(made, _ATTRIBUTES.get(cim_type, cim_type), self._content(value, cim_type))
        return made

    def _content(self, value: Value, cim_type: str) -> Any:
        if isinstance(value, Path):
            return self.path(value)
        if isinstance(value, Instance):
            return self.instance(value)
        if cim_type == "datetime":
            return self._broker.new_datetime_from_string(value.text if isinstance(value, DateTime) else value)
        if cim_type == "string":
            return self._broker.new_string(value)
        return ord(str(value)) if cim_type == "char16" else value


def _type_of(value: Value) -> str:
    """The type of a key, or of a value that came without one."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "sint64" if value < 0 else "uint64"
    if isinstance(value, float):
        return "real64"
    if isinstance(value, DateTime):
        return "datetime"
    return "reference" if isinstance(value, Path) else "string"
