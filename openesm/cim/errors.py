"""CIM status codes and the error that carries one (DSP0200 1.4, table of CIM status codes)."""

from __future__ import annotations

from enum import IntEnum

from openesm.text import Language, Message


class Status(IntEnum):
    """The codes that we send. 29 (QUERY_FEATURE_NOT_SUPPORTED) is unknown to clients and never sent."""

    FAILED = 1
    ACCESS_DENIED = 2
    INVALID_NAMESPACE = 3
    INVALID_PARAMETER = 4
    INVALID_CLASS = 5
    NOT_FOUND = 6
    NOT_SUPPORTED = 7
    CLASS_HAS_CHILDREN = 8
    CLASS_HAS_INSTANCES = 9
    INVALID_SUPERCLASS = 10
    ALREADY_EXISTS = 11
    NO_SUCH_PROPERTY = 12
    TYPE_MISMATCH = 13
    QUERY_LANGUAGE_NOT_SUPPORTED = 14
    INVALID_QUERY = 15
    METHOD_NOT_AVAILABLE = 16
    METHOD_NOT_FOUND = 17
    NAMESPACE_NOT_EMPTY = 20
    INVALID_ENUMERATION_CONTEXT = 21
    INVALID_OPERATION_TIMEOUT = 22
    PULL_HAS_BEEN_ABANDONED = 23
    PULL_CANNOT_BE_ABANDONED = 24
    FILTERED_ENUMERATION_NOT_SUPPORTED = 25
    CONTINUATION_ON_ERROR_NOT_SUPPORTED = 26
    SERVER_LIMITS_EXCEEDED = 27
    SERVER_IS_SHUTTING_DOWN = 28


class CIMError(Exception):
    """An operation that ends in a CIM status instead of a result.

    Args:
        status: the code that the client gets.
        reason: a message of the catalogue, or (from providers of others) plain text.
    """

    def __init__(self, status: Status, reason: str | Message = "") -> None:
        self.status = status
        self.reason = reason
        super().__init__(status, str(reason))

    def __str__(self) -> str:
        return self.text()

    @classmethod
    def of(cls, status: Status, key: str, /, **args: object) -> CIMError:
        """The error whose text is `key` of the catalogue."""
        return cls(status, Message.of(key, **args))

    def text(self, language: Language = "en") -> str:
        return self.reason.text(language) if isinstance(self.reason, Message) else self.reason
