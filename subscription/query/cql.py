"""DMTF:CQL (DSP0202), the part that filters need: one class, no functions, arithmetic, joins or ordering."""

from __future__ import annotations

from subscription.query import pattern
from subscription.query.expression import Dialect
from subscription.query.statement import Query, read

CQL_NAMES = ("DMTF:CQL", "CIM:CQL", "CQL")
DIALECT = Dialect(
    like=pattern.regular,
    keywords=frozenset({"SELECT", "FROM", "WHERE", "AS", "DISTINCT", "FIRST", "ORDER", "BY", "IN"}),
)


def parse(text: str, language: str) -> Query:
    return read(text, language, DIALECT)
