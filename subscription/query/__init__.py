"""Query languages: WQL and a subset of DMTF:CQL (DSP0202), and DMTF:FQL (DSP0212) for Open… operations.

A query is parsed once into frozen conditions, checked against the schema, and then asked of each candidate.
Logic has three values: a comparison with NULL is neither true nor false. Everything takes time linear in the
text that is looked at (see `pattern`).
"""

from __future__ import annotations

from openesm.cim.errors import CIMError, Status
from subscription.query import cql, fql, wql
from subscription.query.check import Lookup, check
from subscription.query.cql import CQL_NAMES
from subscription.query.evaluate import Candidate, IsA
from subscription.query.fql import FQL
from subscription.query.statement import Query
from subscription.query.syntax import Condition
from subscription.query.wql import WQL

__all__ = [
    "CQL_NAMES",
    "FQL",
    "WQL",
    "Candidate",
    "Condition",
    "IsA",
    "Lookup",
    "Query",
    "check",
    "parse",
    "parse_filter",
]


def parse(text: str, language: str) -> Query:
    """Reads a query in WQL or CQL.

    Raises:
        CIMError: 14 (QUERY_LANGUAGE_NOT_SUPPORTED), no language of ours, or one that is for filters only;
            15 (INVALID_QUERY), malformed, beyond what we support, over 8 KiB, or nested deeper than 64.
    """
    if language == WQL:
        return wql.parse(text, language)
    if language in CQL_NAMES:
        return cql.parse(text, language)
    raise _unknown(language)


def parse_filter(text: str, language: str) -> Condition:
    """Reads the filter of an Open… operation, in FQL; `check` compares it with the class.

    Raises:
        CIMError: as of `parse`.
    """
    if language != FQL:
        raise _unknown(language)
    return fql.parse(text)


def _unknown(language: str) -> CIMError:
    return CIMError.of(Status.QUERY_LANGUAGE_NOT_SUPPORTED, "query.unknown-language", language=language[:64])
