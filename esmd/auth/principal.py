"""The identity of a request. Only the authenticator makes one (SEC-01)."""

from __future__ import annotations

from dataclasses import dataclass

from esmd.auth.users import Role

_MINT = object()


@dataclass(frozen=True, slots=True, init=False)
class Principal:
    """Somebody whose credentials were checked for this request.

    There is no way to have one without the authenticator: nobody yet is no Principal, not an empty one.

    Attributes:
        name: as in the users file, or "local:UID".
        role: what they may do.
        namespaces: normalised names of the namespaces they may use; empty for all of ours.
        source: where the request came from, for the audit log.
    """

    name: str
    role: Role
    namespaces: frozenset[str]
    source: str

    def __init__(self) -> None:
        raise TypeError("only the authenticator makes a Principal")

    @classmethod
    def _minted(
        cls, mint: object, name: str, role: Role, namespaces: frozenset[str], source: str
    ) -> Principal:
        if mint is not _MINT or not name:
            raise TypeError("only the authenticator makes a Principal")
        principal = object.__new__(cls)
        for attribute, value in zip(cls.__slots__, (name, role, namespaces, source), strict=True):
            object.__setattr__(principal, attribute, value)
        return principal
