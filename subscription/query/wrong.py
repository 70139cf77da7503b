"""The one way in which a query is refused: CIM_ERR_INVALID_QUERY with a message of the catalogue."""

from __future__ import annotations

from openesm.cim.errors import CIMError, Status


def at(offset: int, key: str, /, **args: object) -> CIMError:
    """What is wrong at an offset of the text; the message counts positions from 1."""
    return CIMError.of(Status.INVALID_QUERY, f"query.{key}", position=offset + 1, **args)


def because(key: str, /, **args: object) -> CIMError:
    """What is wrong with the query as a whole, or with it and a class together."""
    return CIMError.of(Status.INVALID_QUERY, f"query.{key}", **args)
