"""From tokens to conditions; the three languages share everything below SELECT."""

from __future__ import annotations

from openesm.cim.errors import CIMError, Status
from openesm.text import Message
from subscription.query.lexer import Token, invalid, tokens
from subscription.query.syntax import (
    MIRRORED,
    And,
    Comparison,
    Condition,
    Isa,
    IsNull,
    Like,
    Literal_,
    Not,
    Operator,
    Or,
    PropertyPath,
    Quantifier,
    Query,
    Step,
    Term,
)

WQL = "WQL"
CQL_NAMES = ("DMTF:CQL", "CIM:CQL", "CQL")
FQL = "DMTF:FQL"
MAX_NESTING = 64

_OPERATORS: dict[str, Operator] = {
    "=": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_KEYWORDS = frozenset(
    {
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "ISA",
        "IS",
        "NULL",
        "LIKE",
        "TRUE",
        "FALSE",
        "ANY",
        "EVERY",
    }
)
_BEYOND = frozenset({"ORDER", "GROUP", "HAVING", "WITHIN", "DISTINCT", "FIRST", "FETCH", "JOIN"})


def parse(text: str, language: str) -> Query:
    """Reads a query in WQL or CQL.

    Raises:
        CIMError: QUERY_LANGUAGE_NOT_SUPPORTED, or INVALID_QUERY with the place of the fault.
    """
    if language != WQL and language not in CQL_NAMES:
        raise _unknown(language)
    return _Parser(text, language).query()


def parse_filter(text: str, language: str) -> Condition:
    """Reads the filter of a pulled operation, in FQL; errors as of `parse`."""
    if language != FQL:
        raise _unknown(language)
    return _Parser(text, language).filter()


def _unknown(language: str) -> CIMError:
    return CIMError.of(Status.QUERY_LANGUAGE_NOT_SUPPORTED, "query.unknown-language", language=language[:64])


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._language = language
        self._tokens = list(tokens(text))
        self._at = 0
        self._depth = 0
        self._from: tuple[str, ...] = ()  # lower-cased names that a path may start with

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _word(self, word: str) -> bool:
        """Takes a keyword if it is next."""
        found = self._next.is_word(word)
        self._at += found
        return found

    def _symbol(self, symbol: str) -> bool:
        found = self._next.is_symbol(symbol)
        self._at += found
        return found

    def _expected(self, wanted: str) -> CIMError:
        token = self._next
        if token.kind == "name" and token.text.upper() in _BEYOND:
            return invalid(
                "not-supported", position=token.position, found=token.text, language=self._language
            )
        found = Message.of("query.end") if token.kind == "end" else token.text[:32]
        return invalid("expected", position=token.position, wanted=wanted, found=found)

    def _need_word(self, word: str) -> None:
        if not self._word(word):
            raise self._expected(word)

    def _name(self) -> str:
        token = self._next
        if token.kind != "name" or token.text.upper() in _KEYWORDS:
            raise self._expected("name")
        return self._take().text

    # -- the languages

    def query(self) -> Query:
        self._need_word("SELECT")
        listed = self._select_list()
        self._need_word("FROM")
        classname = self._name()
        self._word("AS")
        alias = self._name() if self._starts_name() else ""
        self._from = tuple(name.lower() for name in (classname, alias) if name)
        where = Condition(self._expression()) if self._word("WHERE") else None
        self._end()
        select = None if listed is None else tuple(self._selected(path) for path in listed)
        return Query(classname, select, where, self._language, self._text)

    def filter(self) -> Condition:
        condition = Condition(self._expression())
        self._end()
        return condition

    def _starts_name(self) -> bool:
        token = self._next
        return token.kind == "name" and token.text.upper() not in _KEYWORDS | _BEYOND

    def _end(self) -> None:
        if self._next.kind != "end":
            raise self._expected("AND, OR")

    def _select_list(self) -> list[PropertyPath] | None:
        if self._symbol("*"):
            return None
        paths = [self._path()]
        while self._symbol(","):
            paths.append(self._path())
        return paths

    def _selected(self, path: PropertyPath) -> str:
        """The property that a selected path names: a plain one, with the FROM class before it or not."""
        steps = self._without_source(path).steps
        if len(steps) != 1 or steps[0].index is not None:
            raise invalid("not-supported", position=1, found=str(path), language=self._language)
        return steps[0].name

    # -- expressions

    def _expression(self) -> Term:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise invalid("too-deep", most=MAX_NESTING)
        parts = [self._conjunction()]
        while self._word("OR"):
            parts.append(self._conjunction())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Term:
        parts = [self._negation()]
        while self._word("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Term:
        inverted = False
        while self._word("NOT"):
            inverted = not inverted
        if self._symbol("("):
            term = self._expression()
            if not self._symbol(")"):
                raise self._expected(")")
        else:
            term = self._predicate()
        return Not(term) if inverted else term

    def _predicate(self) -> Term:
        quantifier = self._quantifier()
        literal = self._literal()
        if literal is not None:
            sign = self._operator()
            return Comparison(self._operand_path(), MIRRORED[sign], literal, quantifier)
        path = self._operand_path(may_be_source=True)
        if self._word("ISA"):
            token = self._next
            classname = self._take().text if token.kind == "string" else self._name()
            return Isa(path if path.steps else None, classname)
        if not path.steps:
            raise self._expected("ISA")
        if self._word("IS"):
            inverted = self._word("NOT")
            self._need_word("NULL")
            return Not(IsNull(path)) if inverted else IsNull(path)
        inverted = self._word("NOT")
        if self._word("LIKE"):
            like = Like(path, self._string(), self._language == WQL)
            return Not(like) if inverted else like
        if inverted:
            raise self._expected("LIKE")
        sign = self._operator()
        right = self._literal()
        if right is not None:
            return Comparison(path, sign, right, quantifier)
        if self._next.is_word("NULL") and sign in ("=", "<>"):
            self._take()  # WQL of old spells IS NULL like this
            return IsNull(path) if sign == "=" else Not(IsNull(path))
        return Comparison(path, sign, self._operand_path(), quantifier)

    def _quantifier(self) -> Quantifier:
        if self._language != WQL:
            if self._word("ANY"):
                return "ANY"
            if self._word("EVERY"):
                return "EVERY"
        return ""

    def _operator(self) -> Operator:
        token = self._next
        if not token.is_symbol(*_OPERATORS):
            raise self._expected("=, <>, <, <=, >, >=")
        return _OPERATORS[self._take().text]

    def _string(self) -> str:
        if self._next.kind != "string":
            raise self._expected("string")
        return self._take().text

    def _literal(self) -> Literal_ | None:
        token = self._next
        if token.is_word("TRUE") or token.is_word("FALSE"):
            return self._take().text.upper() == "TRUE"
        if token.kind == "string":
            return self._take().text
        if token.kind == "number":
            return _number(self._take().text)
        return None

    # -- paths

    def _operand_path(self, *, may_be_source: bool = False) -> PropertyPath:
        path = self._without_source(self._path())
        if not path.steps and not may_be_source:
            raise self._expected("name")
        return path

    def _without_source(self, path: PropertyPath) -> PropertyPath:
        """The path without the FROM class or its alias at its head; empty for these alone."""
        first = path.steps[0]
        is_source = first.name.lower() in self._from and not first.scope and first.index is None
        return PropertyPath(path.steps[1:]) if is_source else path

    def _path(self) -> PropertyPath:
        steps = [self._step()]
        while self._symbol("."):
            steps.append(self._step())
        return PropertyPath(tuple(steps))

    def _step(self) -> Step:
        name, scope = self._name(), ""
        if self._symbol("::"):
            scope, name = name, self._name()
        if self._next.is_symbol("("):
            token = self._next
            raise invalid("not-supported", position=token.position, found="(", language=self._language)
        index: int | None = None
        if self._symbol("["):
            token = self._next
            if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9:
                raise self._expected("index")
            index = int(self._take().text)
            if not self._symbol("]"):
                raise self._expected("]")
        return Step(name, scope, index)


def _number(text: str) -> int | float:
    if "x" in text.lower():
        return int(text, 16)
    return int(text) if text.lstrip("+-").isdigit() else float(text)
