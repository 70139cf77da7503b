"""Which subscription is meant: the filter and the handler that its path names, against the command line."""

from dataclasses import dataclass
from typing import Any

from esmctl.cimsub.commandline import Command
from esmctl.cimsub.names import Name, same_namespace, shown

ANY = Name("")


@dataclass(frozen=True, slots=True)
class Reference:
    """The filter or the handler of a subscription; `namespace` is that of the subscription unless it says."""

    name: str
    namespace: str
    classname: str
    path: Any

    def shown(self, asked: str, *, with_class: bool = True) -> str:
        local = f"{self.classname}.{self.name}" if with_class else self.name
        return f"{shown(self.namespace, asked)}:{local}"

    def path_for(self, namespace: str) -> Any:
        """The path to send, with the namespace as the server spells it."""
        path = self.path.copy()
        path.namespace, path.host = namespace, None
        return path


def reference(subscription: Any, end: str) -> Reference:
    """The `Filter` or the `Handler` in a subscription's path."""
    path = subscription.keybindings[end]
    return Reference(
        str(path.keybindings.get("Name", "")),
        path.namespace or subscription.namespace,
        str(path.keybindings.get("CreationClassName", path.classname)),
        path,
    )


def handler_matches(wanted: Name, name: str, classname: str) -> bool:
    """Whether a handler is the one asked for; a class counts only together with a name."""
    if not wanted.name:
        return True
    return name == wanted.name and wanted.classname.lower() in ("", classname.lower())


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; "" and `ANY` where it says nothing."""

    namespace: str
    filter: Name
    handler: Name

    @classmethod
    def of(cls, command: Command, batch_namespace: str) -> "Asked":
        """With a namespace of the whole batch, no other counts."""
        if not batch_namespace:
            return cls(command.namespace, command.filter or ANY, command.handler or ANY)
        wanted, handler = command.filter or ANY, command.handler or ANY
        return cls(
            batch_namespace,
            Name(wanted.name, batch_namespace),
            Name(handler.name, batch_namespace, handler.classname),
        )

    def fits(self, subscription: Any) -> bool:
        """Whether a subscription, by its path, has the filter and the handler that are asked for."""
        of_filter, of_handler = reference(subscription, "Filter"), reference(subscription, "Handler")
        return (
            _is_named(self.filter, of_filter)
            and _is_named(self.handler, of_handler)
            and handler_matches(self.handler, of_handler.name, of_handler.classname)
        )


def _is_named(wanted: Name, found: Reference) -> bool:
    if not wanted.name:
        return True
    here = not wanted.namespace or same_namespace(wanted.namespace, found.namespace)
    return here and wanted.name == found.name
