"""The boolean expressions that WQL, CQL and FQL share; a dialect says what each adds or leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from openesm.cim.errors import CIMError
from subscription.query import wrong
from subscription.query.evaluate import EQUALITY, ORDER
from subscription.query.lexer import Token, tokens
from subscription.query.pattern import Matcher
from subscription.query.syntax import (
    THIS,
    And,
    Compare,
    Condition,
    Constant,
    Isa,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    PropertyPath,
    Quantifier,
    Step,
)

MAX_NESTING = 64
QUANTIFIERS: dict[str, Quantifier] = {"ANY": "ANY", "EVERY": "EVERY"}
_SHARED = frozenset({"AND", "OR", "NOT", "IS", "NULL", "LIKE", "ISA", "TRUE", "FALSE"})
_BOOLEANS = {"TRUE": True, "FALSE": False}
_SIGNS = {**{sign: sign for sign in ORDER}, "!=": "<>"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One query language.

    Attributes:
        like: compiles the pattern of LIKE.
        keywords: names that the language keeps for itself, besides those of every expression.
        controls: `\\t` and `\\u0041` in strings.
        quantifiers: ANY and EVERY before an array property.
        null_is_value: NULL is a literal, and equals NULL (DSP0212); elsewhere `= NULL` means IS NULL.
        array_literals: `{1, 2}`.
    """

    like: Callable[[str], Matcher]
    keywords: frozenset[str] = frozenset()
    controls: bool = True
    quantifiers: bool = True
    null_is_value: bool = False
    array_literals: bool = False


class Reader:
    """A cursor over the tokens of one text, and the rules of an expression as methods.

    Every method that reads raises CIMError 15 (INVALID_QUERY) at the token that does not fit.
    """

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._tokens = tokens(text, controls=dialect.controls)
        self._at = 0
        self._depth = 0
        self._dialect = dialect
        self._keywords = _SHARED | dialect.keywords | (set(QUANTIFIERS) if dialect.quantifiers else set())
        self.aliases = frozenset({THIS.lower()})  # names that mean the candidate itself

    # -- the cursor

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def advance(self) -> Token:
        token = self.next
        self._at += token.kind != "end"
        return token

    def word(self, *words: str) -> str:
        """The next word if it is one of `words` (it is then passed), else ""."""
        return self.advance().word if self.next.word in words else ""

    def symbol(self, text: str) -> bool:
        """Passes a symbol if it comes next."""
        found = self.next.kind == "symbol" and self.next.text == text
        if found:
            self.advance()
        return found

    def need_word(self, word: str) -> None:
        if not self.word(word):
            raise self.unexpected("expected-word", word=word)

    def need_symbol(self, text: str) -> None:
        if not self.symbol(text):
            raise self.unexpected("expected-word", word=text)

    def need_end(self) -> None:
        if self.next.kind != "end":
            raise self.unexpected("expected-end")

    def name(self) -> str:
        """A name that is no keyword."""
        if self.next.kind != "name" or self.next.word in self._keywords:
            raise self.unexpected("expected-name")
        return self.advance().text

    def unexpected(self, key: str, **args: object) -> CIMError:
        return wrong.at(self.next.offset, key, **args)

    # -- expressions

    def condition(self) -> Condition:
        terms = [self._conjunction()]
        while self.word("OR"):
            terms.append(self._conjunction())
        flat = tuple(part for term in terms for part in (term.terms if isinstance(term, Or) else (term,)))
        return flat[0] if len(flat) == 1 else Or(flat)

    def _conjunction(self) -> Condition:
        terms = [self._negation()]
        while self.word("AND"):
            terms.append(self._negation())
        flat = tuple(part for term in terms for part in (term.terms if isinstance(term, And) else (term,)))
        return flat[0] if len(flat) == 1 else And(flat)

    def _negation(self) -> Condition:
        if self.word("NOT"):
            with self._deeper():
                return Not(self._negation())
        if self.symbol("("):
            with self._deeper():
                inner = self.condition()
            self.need_symbol(")")
            return inner
        return self._predicate()

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise wrong.because("too-deep", limit=MAX_NESTING)
        yield
        self._depth -= 1

    def _predicate(self) -> Condition:
        quantified = self.word(*QUANTIFIERS) if self._dialect.quantifiers else ""
        if quantified:
            return self._comparison(self._elements(), QUANTIFIERS[quantified])
        left = self._operand()
        if isinstance(left, PropertyPath) and self.word("ISA"):
            return Isa(left, self._classname())
        if isinstance(left, PropertyPath) and self.word("IS"):
            negated = self.word("NOT")
            self.need_word("NULL")
            return Not(IsNull(left)) if negated else IsNull(left)
        return self._comparison(left, "")

    def _comparison(self, left: Operand, over: Quantifier) -> Condition:
        if self.word("NOT"):
            return Not(self._like(left, over))
        if self.next.word == "LIKE":
            return self._like(left, over)
        if self.next.text not in _SIGNS:
            raise self.unexpected("expected-comparison")
        sign = _SIGNS[self.advance().text]
        if isinstance(left, PropertyPath) and not over and self._is_null_test(sign):
            return IsNull(left) if sign == "=" else Not(IsNull(left))
        return Compare(sign, left, self._operand(), over, self._dialect.null_is_value)

    def _is_null_test(self, sign: str) -> bool:
        """`= NULL` and `<> NULL`, as old WQL spells IS [NOT] NULL; NULL is passed."""
        return sign in EQUALITY and not self._dialect.null_is_value and bool(self.word("NULL"))

    def _like(self, left: Operand, over: Quantifier) -> Condition:
        self.need_word("LIKE")
        if self.next.kind != "string":
            raise self.unexpected("expected-string")
        pattern = str(self.advance().value)
        return Like(left, pattern, self._dialect.like(pattern), over)

    def _classname(self) -> str:
        if self.next.kind != "string":
            return self.name()
        return str(self.advance().value)

    # -- operands

    def _operand(self) -> Operand:
        if self._dialect.array_literals and self.symbol("{"):
            return Constant(self._array())
        if self._dialect.null_is_value and self.word("NULL"):
            return Constant(None)
        if self.next.kind == "name" and self.next.word not in _BOOLEANS:
            return self.resolved(self.path())
        return Constant(self._literal())

    def _literal(self) -> bool | int | float | str:
        if self.next.word in _BOOLEANS:
            return _BOOLEANS[self.advance().word]
        if self.next.kind not in ("string", "number"):
            raise self.unexpected("expected-value")
        return self.advance().value

    def _array(self) -> tuple[bool | int | float | str, ...]:
        if self.symbol("}"):
            return ()
        items = [self._literal()]
        while self.symbol(","):
            items.append(self._literal())
        self.need_symbol("}")
        return tuple(items)

    def _elements(self) -> PropertyPath:
        """An array property after ANY or EVERY; `[*]` behind it says the same once more."""
        path = self.resolved(self.path())
        if path.index is not None:
            raise self.unexpected("index-of-all")
        if self.symbol("["):
            self.need_symbol("*")
            self.need_symbol("]")
        return path

    def path(self) -> PropertyPath:
        """Steps between dots as they stand, and the index behind them."""
        steps = [self.step()]
        while self.symbol("."):
            steps.append(self.step())
        return PropertyPath(tuple(steps), self._index())

    def step(self) -> Step:
        name = self.name()
        return Step(self.name(), name) if self.symbol("::") else Step(name)

    def _index(self) -> int | None:
        following = self._tokens[self._at + 1 : self._at + 2]
        if self.next.text != "[" or following[0].text == "*":
            return None
        self.advance()
        index = self.next.value
        if self.next.kind != "number" or not isinstance(index, int) or index < 0:
            raise self.unexpected("expected-index")
        self.advance()
        self.need_symbol("]")
        return index

    def resolved(self, path: PropertyPath) -> PropertyPath:
        """The path without the class or alias of FROM at its head; alone before ISA, it is the candidate."""
        head, *rest = path.steps
        if head.scope or head.name.lower() not in self.aliases:
            return path
        if not rest and path.index is None and self.next.word == "ISA":
            return PropertyPath(())
        return PropertyPath(tuple(rest), path.index) if rest else path
