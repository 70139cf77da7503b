"""The WBEM server, as far as cimsub needs it; every refusal is a RefusedError."""

import argparse
import importlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urlsplit

from esmctl import password
from esmctl.cimsub import wording
from esmctl.cimsub.commandline import INSECURE
from esmctl.cimsub.local import SocketAdapter
from esmctl.cimsub.names import INTEROP, INTEROP_NAMES, is_interop
from esmctl.cimsub.problem import RefusedError
from esmctl.cimsub.wording import Code
from esmctl.failure import FailureError
from esmctl.place import socket_path
from openesm.text import Message, say

TIMEOUT_S = 60
RESERVED = "PG_Reserved"  # where OpenPegasus lists its namespaces

ACCESS_DENIED, INVALID_NAMESPACE, INVALID_CLASS, NOT_FOUND, NOT_SUPPORTED = 2, 3, 5, 6, 7
_CODES: Mapping[int, Code] = MappingProxyType(
    {
        ACCESS_DENIED: Code.ACCESS_DENIED,
        INVALID_NAMESPACE: Code.NO_NAMESPACE,
        NOT_FOUND: Code.NOT_FOUND,
        NOT_SUPPORTED: Code.NOT_SUPPORTED,
    }
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Server:
    """A connection, and what the server calls its interop namespace.

    Args:
        connection: a pywbem.WBEMConnection.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._pywbem = importlib.import_module("pywbem")

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._connection.close()

    # -- namespaces

    @cached_property
    def interop(self) -> str:
        """The interop namespace by a name that this server knows."""
        for name in INTEROP_NAMES:
            try:
                self._ask("EnumerateInstanceNames", "__Namespace", namespace=name)
            except RefusedError as refused:
                if refused.status == INVALID_NAMESPACE:
                    continue
                if not refused.status:
                    raise
            return name
        return INTEROP

    def spelled(self, namespace: str) -> str:
        """How to call a namespace in a request to this server."""
        return self.interop if is_interop(namespace) else namespace

    def namespaces(self) -> list[str]:
        """All namespaces of the server, the interop namespace once; that one alone when it tells none."""
        for where, classname in (
            (self.interop, "CIM_Namespace"),
            (self.interop, "__Namespace"),
            (RESERVED, "__Namespace"),
        ):
            try:
                found = [path.keybindings.get("Name", "") for path in self.paths(where, classname)]
            except RefusedError as refused:
                if not refused.status:
                    raise
                continue
            if found:
                others = {name.lower(): name for name in found if name and not is_interop(name)}
                return [self.interop, *others.values()]
        return [self.interop]

    # -- instances

    def instances(self, namespace: str, classname: str) -> list[Any]:
        """The instances of a class with their paths; none where the namespace lacks the class."""
        return self._those(namespace, "EnumerateInstances", classname, LocalOnly=False, DeepInheritance=True)

    def paths(self, namespace: str, classname: str) -> list[Any]:
        """The paths of a class's instances; none where the namespace lacks the class."""
        return self._those(namespace, "EnumerateInstanceNames", classname)

    def _those(self, namespace: str, operation: str, classname: str, **options: object) -> list[Any]:
        try:
            found = self._ask(operation, classname, namespace=self.spelled(namespace), **options)
        except RefusedError as refused:
            if refused.status == INVALID_CLASS:
                return []
            raise
        for one in found:
            path = one if operation == "EnumerateInstanceNames" else one.path
            path.namespace, path.host = self.spelled(namespace), None
        return list(found)

    def instance(self, path: Any) -> Any:
        return self._ask("GetInstance", path, LocalOnly=False)

    def create(self, namespace: str, classname: str, properties: Mapping[str, object]) -> None:
        new = self._pywbem.CIMInstance(classname, properties)
        self._ask("CreateInstance", new, namespace=self.spelled(namespace))

    def modify(self, instance: Any, properties: Sequence[str]) -> None:
        """Sends the named properties of an instance."""
        self._ask("ModifyInstance", instance, IncludeQualifiers=False, PropertyList=list(properties))

    def delete(self, path: Any) -> None:
        self._ask("DeleteInstance", path)

    def unsigned(self, value: int, bits: int) -> Any:
        """A CIM integer, uint16 or uint32."""
        return {16: self._pywbem.Uint16, 32: self._pywbem.Uint32}[bits](value)

    def _ask(self, operation: str, *args: object, **options: object) -> Any:
        pywbem = self._pywbem
        try:
            return getattr(self._connection, operation)(*args, **options)
        except pywbem.CIMError as error:
            code = _CODES.get(error.status_code, Code.ERROR)
            raise RefusedError(_text(error), code, error.status_code) from error
        except pywbem.AuthError as denied:
            raise RefusedError(str(denied), Code.ACCESS_DENIED) from denied
        except pywbem.TimeoutError as late:
            text = say("cimsub.timeout", server=self._connection.url)
            raise RefusedError(text, Code.TIMEOUT) from late
        except pywbem.ConnectionError as failed:
            text = say("cimsub.no-answer", server=self._connection.url, reason=str(failed))
            raise RefusedError(f"{wording.NOT_RUNNING}\n{text}", Code.NOT_CONNECTED) from failed
        except pywbem.Error as failed:
            text = say("cimsub.no-answer", server=self._connection.url, reason=str(failed))
            raise RefusedError(text) from failed


def _text(error: Any) -> str:
    """`CIM_ERR_NAME: description`; some servers put the name into the description already."""
    name, description = str(error.status_code_name), str(error.status_description or "")
    return description if description.startswith(name) else f"{name}: {description}"


def connect(options: Mapping[str, str]) -> Server:
    """The server that the command line names; the agent of this machine when it names none.

    Raises:
        FailureError: the options do not suffice.
        ProblemsError, OSError: a file that they name cannot be used.
    """
    url = options.get("--server")
    return Server(_local(options) if url is None else _remote(url, options))


def _local(options: Mapping[str, str]) -> Any:
    for option in "--user", "--password-file", "--ca", INSECURE:
        if option in options:
            raise FailureError(Message.of("cimsub.needs-server", option=option))
    place = argparse.Namespace(config=options.get("--config"), socket=options.get("--socket"))
    connection = importlib.import_module("pywbem").WBEMConnection("http://localhost", timeout=TIMEOUT_S)
    connection.session.trust_env = False
    connection.session.mount("http://", SocketAdapter(socket_path(place), TIMEOUT_S))
    return connection


def _remote(url: str, options: Mapping[str, str]) -> Any:
    _check(url, options)
    user, ca = options.get("--user"), options.get("--ca")
    secret = password.from_file(Path(options["--password-file"])) if user is not None else b""
    connection = importlib.import_module("pywbem").WBEMConnection(
        url.rstrip("/"),
        None if user is None else (user, secret.decode("utf-8", "surrogateescape")),
        ca_certs=ca,
        no_verification=INSECURE in options,
        timeout=TIMEOUT_S,
    )
    connection.session.trust_env = False  # else REQUESTS_CA_BUNDLE would win over --ca and --insecure
    return connection


def _check(url: str, options: Mapping[str, str]) -> None:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.username is None and not parts.path.strip("/")
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or parts.scheme not in ("http", "https"):
        raise FailureError(Message.of("cimsub.bad-server", server=url))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise FailureError(Message.of("cimsub.plaintext", server=url))
    if ("--user" in options) != ("--password-file" in options):
        raise FailureError(Message.of("cimsub.needs-both"))
    if "--ca" in options and INSECURE in options:
        raise FailureError(Message.of("cimsub.ca-or-insecure"))
    if "--socket" in options or "--config" in options:
        raise FailureError(Message.of("cimsub.server-or-socket"))
    if "--ca" in options and not Path(options["--ca"]).is_file():
        raise FailureError(Message.of("esmctl.no-ca", file=options["--ca"]))
