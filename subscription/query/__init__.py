"""Query languages: WQL, a subset of DMTF:CQL (DSP0202), and DMTF:FQL (DSP0212) for pulled operations.

A query is parsed once into frozen conditions, checked against the schema, and then asked of each candidate.
Logic has three values: a comparison with NULL is neither true nor false. Everything takes time linear in the
text that is looked at (see `pattern`).
"""

from subscription.query.parser import CQL_NAMES, FQL, WQL, parse, parse_filter
from subscription.query.syntax import Candidate, Condition, Query

__all__ = ["CQL_NAMES", "FQL", "WQL", "Candidate", "Condition", "Query", "parse", "parse_filter"]
