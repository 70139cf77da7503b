"""DMTF:FQL (DSP0212): the filter of an Open… operation, a condition over the properties of its class."""

from __future__ import annotations

from subscription.query import pattern
from subscription.query.expression import Dialect, Reader
from subscription.query.syntax import Condition

FQL = "DMTF:FQL"
DIALECT = Dialect(like=pattern.regular, null_is_value=True, array_literals=True)


def parse(text: str) -> Condition:
    reader = Reader(text, DIALECT)
    condition = reader.condition()
    reader.need_end()
    return condition
