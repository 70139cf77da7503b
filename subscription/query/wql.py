"""WQL, as indication filters and ExecQuery use it: one class, no WITHIN, GROUP BY or HAVING."""

from __future__ import annotations

from subscription.query import pattern
from subscription.query.expression import Dialect
from subscription.query.statement import Query, read

WQL = "WQL"
DIALECT = Dialect(
    like=pattern.wql,
    keywords=frozenset({"SELECT", "FROM", "WHERE"}),
    controls=False,  # C:\temp, as its writers mean it
    quantifiers=False,
)


def parse(text: str, language: str) -> Query:
    return read(text, language, DIALECT)
