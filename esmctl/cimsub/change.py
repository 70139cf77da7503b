"""Commands that change something; each gives what it prints and its exit code."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from esmctl.cimsub import commandline, names, wording
from esmctl.cimsub.commandline import Command
from esmctl.cimsub.matching import Asked, reference
from esmctl.cimsub.names import Name
from esmctl.cimsub.problem import RefusedError
from esmctl.cimsub.server import INVALID_CLASS, Server
from esmctl.cimsub.wording import Code

SNMP_PORT = "162"
LANGUAGE = "CIM:CQL"
HOST_NAME, IPV4, IPV6 = 2, 3, 4  # TargetHostFormat


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command says when it is through: `out` on standard output, `err` on standard error."""

    code: Code = Code.OK
    out: str = ""
    err: str = ""

    @classmethod
    def missing(cls, what: str) -> "Outcome":
        return cls(Code.NOT_FOUND, wording.NOT_FOUND[what] + "\n")


# -- create


def create(server: Server, command: Command, batch_namespace: str) -> Outcome:
    """-c: a filter, a handler, or a subscription of two that exist.

    Raises:
        RefusedError: the server refuses.
    """
    asked = Asked.of(command, batch_namespace)
    if command.what == "f":
        return _create_filter(server, asked.filter, command.options)
    if command.what == "h":
        return _create_handler(server, asked.handler, command.options)
    return _create_subscription(server, asked)


def _create_filter(server: Server, new: Name, options: Mapping[str, str]) -> Outcome:
    namespace = new.namespace or names.INTEROP
    sources = options.get("N", namespace)
    listed = [one for one in sources.split(",") if one]
    server.create(
        namespace,
        names.FILTER,
        {
            "Name": new.name,
            "Query": options["Q"],
            "QueryLanguage": options.get("L", LANGUAGE),
            **({"SourceNamespaces": listed} if "," in sources else {"SourceNamespace": sources}),
        },
    )
    return Outcome()


def _create_handler(server: Server, new: Name, options: Mapping[str, str]) -> Outcome:
    classname = new.classname or names.CIMXML
    properties = {"Name": new.name, **_PROPERTIES[classname](server, options)}
    try:
        server.create(new.namespace or names.INTEROP, classname, properties)
    except RefusedError as refused:
        if refused.status == INVALID_CLASS and classname not in (names.CIMXML, names.CIMXML_HANDLER):
            text = f"CIM_ERR_NOT_SUPPORTED: {classname}"
            raise RefusedError(text, Code.NOT_SUPPORTED, refused.status) from refused
        raise
    return Outcome()


def _mail(_: Server, options: Mapping[str, str]) -> Mapping[str, object]:
    copies = [one for one in options.get("C", "").split(",") if one]
    return {
        "MailTo": [one for one in options["T"].split(",") if one],
        **({"MailCc": copies} if copies else {}),
        "MailSubject": options["S"],
    }


def _trap(server: Server, options: Mapping[str, str]) -> Mapping[str, object]:
    named = {"SNMPSecurityName": options.get("S"), "SNMPEngineID": options.get("E")}
    return {
        "TargetHost": options["T"],
        "TargetHostFormat": server.unsigned(_host_format(options["T"]), 16),
        "PortNumber": server.unsigned(int(options.get("P", SNMP_PORT)), 32),
        "SNMPVersion": server.unsigned(int(options["V"]), 16),
        **{name: text for name, text in named.items() if text is not None},
    }


def _host_format(host: str) -> int:
    try:
        return IPV4 if ipaddress.ip_address(host).version == 4 else IPV6
    except ValueError:
        return HOST_NAME


def _url(_: Server, options: Mapping[str, str]) -> Mapping[str, object]:
    return {"Destination": options["D"]}


_PROPERTIES: Mapping[str, Callable[[Server, Mapping[str, str]], Mapping[str, object]]] = MappingProxyType(
    {
        names.CIMXML: _url,
        names.CIMXML_HANDLER: _url,
        names.SYSTEM_LOG: lambda _server, _options: {},
        names.EMAIL: _mail,
        names.SNMP: _trap,
    }
)


def _create_subscription(server: Server, asked: Asked) -> Outcome:
    of_filter = _find_filter(server, asked.filter)
    if of_filter is None:
        return Outcome.missing("f")
    of_handler = _find_handler(server, asked.handler)
    if of_handler is None:
        return Outcome.missing("h")
    state = server.unsigned(wording.ENABLED, 16)
    server.create(
        asked.namespace or names.INTEROP,
        names.SUBSCRIPTION,
        {"Filter": of_filter, "Handler": of_handler, "SubscriptionState": state},
    )
    return Outcome()


# -- enable, disable


def set_state(server: Server, command: Command, batch_namespace: str) -> Outcome:
    """-e and -d. A filter or handler without a namespace is in that of the subscription."""
    state = wording.ENABLED if command.operation == commandline.ENABLE else wording.DISABLED
    asked = Asked.of(command, batch_namespace)
    namespace = asked.namespace or names.INTEROP
    asked = replace(asked, filter=_within(namespace, asked.filter), handler=_within(namespace, asked.handler))
    found = [path for path in server.paths(namespace, names.SUBSCRIPTION) if asked.fits(path)]
    if not found:
        return Outcome.missing("s")
    said = ""
    for path in found:
        subscription = server.instance(path)
        if subscription.get("SubscriptionState") == state:
            said += wording.ALREADY[state] + "\n"
        else:
            subscription.path = path
            subscription["SubscriptionState"] = server.unsigned(state, 16)
            server.modify(subscription, ["SubscriptionState"])
    return Outcome(Code.OK, said)


def _within(namespace: str, name: Name) -> Name:
    return replace(name, namespace=name.namespace or namespace)


# -- remove


def remove(server: Server, command: Command, batch_namespace: str) -> Outcome:
    """-r. All that can be removed is, and the exit code is that of the first refusal."""
    asked = Asked.of(command, batch_namespace)
    if command.what in "fh":
        find = _find_filter if command.what == "f" else _find_handler
        path = find(server, asked.filter if command.what == "f" else asked.handler)
        if path is None:
            return Outcome.missing(command.what)
        server.delete(path)
        return Outcome()
    found = server.paths(asked.namespace or names.INTEROP, names.SUBSCRIPTION)
    paths = [path for one in found if asked.fits(one) for path in _parts(server, one, command.what == "a")]
    return _delete(server, paths) if paths else Outcome.missing("s")


def _parts(server: Server, subscription: Any, with_ends: bool) -> Iterator[Any]:
    """What goes with a subscription: itself, then its filter and its handler."""
    yield subscription
    for end in ("Filter", "Handler") if with_ends else ():
        part = reference(subscription, end)
        yield part.path_for(server.spelled(part.namespace))


def _delete(server: Server, paths: list[Any]) -> Outcome:
    code, err = Code.OK, ""
    for path in paths:
        try:
            server.delete(path)
        except RefusedError as refused:
            code, err = code or refused.code, f"{err}{refused.text}\n"
    return Outcome(code, "", err)


def _find_filter(server: Server, wanted: Name) -> Any:
    found = server.paths(wanted.namespace or names.INTEROP, names.FILTER)
    return next((path for path in found if path.keybindings.get("Name") == wanted.name), None)


def _find_handler(server: Server, wanted: Name) -> Any:
    found = server.paths(wanted.namespace or names.INTEROP, wanted.classname or names.CIMXML)
    return next((path for path in found if path.keybindings.get("Name") == wanted.name), None)
