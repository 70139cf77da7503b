"""The other end of a connection, as the kernel and TLS tell it; never as a message claims."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import cast

_CLIENT_AUTH_EKU = bytes.fromhex("06082b06010505070302")  # id-kp-clientAuth, as in the certificate's DER


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that TLS verified against the configured CA.

    Attributes:
        names: what it can be mapped by: "sha256:HEX", "uri:…", "email:…", "dns:…"; never the CN.
        for_clients: its extended key usage allows client authentication.
    """

    names: tuple[str, ...]
    for_clients: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """`uid` is set on the local socket only, from the kernel's peer credentials."""

    address: str
    tls: bool = False
    loopback: bool = False
    uid: int | None = None
    certificate: ClientCertificate | None = None

    @property
    def source(self) -> str:
        return self.address if self.uid is None else f"local:{self.uid}"


def peer_uid(sock: socket.socket) -> int:
    """SO_PEERCRED: the uid of the process at the other end of a unix socket (SEC-02)."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return int(uid)


def client_certificate(tls: ssl.SSLObject | ssl.SSLSocket) -> ClientCertificate | None:
    """The verified certificate of this connection, if the client showed one."""
    der = tls.getpeercert(binary_form=True)
    if not der:
        return None
    told = tls.getpeercert() or {}
    kinds = {"URI": "uri", "email": "email", "DNS": "dns"}
    alternative = cast(tuple[tuple[str, str], ...], told.get("subjectAltName", ()))
    names = [f"{kinds[kind]}:{value}" for kind, value in alternative if kind in kinds]
    fingerprint = hashlib.sha256(der).hexdigest()
    return ClientCertificate((f"sha256:{fingerprint}", *names), _CLIENT_AUTH_EKU in der)
