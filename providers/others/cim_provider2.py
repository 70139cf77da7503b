"""What a provider written for cmpi-bindings derives from; it is imported as `pywbem.cim_provider2`.

Every method may be left out. What changes something then refuses, what reads gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pywbem


class CIMProvider2:
    """One class, or several.

    `env` is an `environment.Environment`; instances and paths are those of pywbem. A `model` has every
    property of its class as NULL; the provider fills it, and may give the same one again and again.
    """

    def get_instance(self, env: Any, model: Any) -> Any:
        """The instance that the keys of the model name."""
        raise pywbem.CIMError(pywbem.CIM_ERR_NOT_SUPPORTED, "get_instance")

    def enum_instances(self, env: Any, model: Any, keys_only: bool) -> Iterable[Any]:
        """All instances; with `keys_only` nothing but their keys is looked at."""
        return ()

    def set_instance(self, env: Any, instance: Any, modify_existing: bool) -> Any:
        """Changes an instance, or makes a new one, and gives it."""
        raise pywbem.CIMError(pywbem.CIM_ERR_NOT_SUPPORTED, "set_instance")

    def delete_instance(self, env: Any, instance_name: Any) -> None:
        """Removes an instance."""
        raise pywbem.CIMError(pywbem.CIM_ERR_NOT_SUPPORTED, "delete_instance")

    def references(
        self,
        env: Any,
        object_name: Any,
        model: Any,
        result_class_name: str,
        role: str | None,
        result_role: str | None,
        keys_only: bool,
    ) -> Iterable[Any]:
        """Of an association: the instances in which `object_name` stands."""
        return ()

    def simple_refs(
        self,
        env: Any,
        object_name: Any,
        model: Any,
        result_class_name: str,
        role: str | None,
        result_role: str | None,
        keys_only: bool,
    ) -> Iterator[Any]:
        """What `references` has to give, for an association whose instances `enum_instances` can give.

        Args:
            result_class_name: what the other end has to be; "" for anything.
            role, result_role: names of the references at this end and at the other.
        """
        for found in self.enum_instances(env, model, keys_only):
            ends = {n: p.value for n, p in found.properties.items() if p.type == "reference" and p.value}
            for own in ends:
                others = [name for name in ends if name != own and _is_role(result_role, name)]
                if (
                    _is_role(role, own)
                    and _same(ends[own], object_name)
                    and (
                        any(_is_a(env, ends[other], result_class_name) for other in others)
                        or not (result_role or result_class_name)
                    )
                ):
                    yield found
                    break


def _is_role(wanted: str | None, name: str) -> bool:
    return not wanted or wanted.lower() == name.lower()


def _is_a(env: Any, path: Any, classname: str) -> bool:
    if not classname:
        return True
    is_subclass: bool = env.get_cimom_handle().is_subclass(path.namespace, classname, path.classname)
    return is_subclass


def _same(one: Any, other: Any) -> bool:
    """Whether two paths name one instance, wherever it was seen from."""
    same_class: bool = one.classname.lower() == other.classname.lower()
    return same_class and bool(one.keybindings == other.keybindings)
