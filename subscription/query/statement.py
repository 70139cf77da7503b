"""`SELECT … FROM class [WHERE …]`: a query, and how WQL and DMTF:CQL write it."""

from __future__ import annotations

from dataclasses import dataclass

from openesm.cim.schema import Class
from subscription.query import check, wrong
from subscription.query.evaluate import Candidate, IsA, same_name
from subscription.query.expression import Dialect, Reader
from subscription.query.syntax import Condition, PropertyPath, Step


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood.

    Attributes:
        classname: the class of FROM; instances of derived classes count too.
        select: names of the properties wanted; None is `*`.
        where: None accepts every instance of the class.
        language, text: as they were given.
    """

    classname: str
    select: tuple[str, ...] | None
    where: Condition | None
    language: str
    text: str

    def check(self, cls: Class, lookup: check.Lookup | None = None) -> None:
        """Whether the query makes sense for its class.

        Args:
            cls: the class of FROM.
            lookup: finds the classes of embedded instances; without it their properties are not checked.

        Raises:
            CIMError: 15, an unknown property, a literal of another type, a comparison that has no meaning.
        """
        for name in self.select or ():
            if name.lower() not in cls.properties:
                raise wrong.because("unknown-property", name=name, cls=cls.name)
        if self.where is not None:
            check.check(self.where, cls, lookup)

    def accepts(self, candidate: Candidate, isa: IsA = same_name) -> bool:
        """Whether the candidate is of the class and the condition certainly holds.

        Args:
            candidate: the instance, or the indication.
            isa: whether the class of an embedded instance is another one, or derived from it.

        Raises:
            CIMError: 15, an interval is compared with a point in time.
        """
        if not candidate.isa(self.classname):
            return False
        return self.where is None or self.where.accepts(candidate, isa)


_CLAUSES = frozenset({"WHERE", "ORDER", "GROUP", "HAVING", "WITHIN", "FETCH", "FIRST", "JOIN", "BY", "INNER"})


def read(text: str, language: str, dialect: Dialect) -> Query:
    """The query that `text` spells.

    Raises:
        CIMError: 15, it spells none.
    """
    reader = Reader(text, dialect)
    reader.need_word("SELECT")
    listed = _listed(reader)
    reader.need_word("FROM")
    classname = reader.name()
    reader.aliases |= {classname.lower(), _alias(reader).lower()}
    where = reader.condition() if reader.word("WHERE") else None
    reader.need_end()
    return Query(classname, _selected(reader, listed), where, language, text)


ALL = Step("*")  # no property has this name


def _alias(reader: Reader) -> str:
    """A second name of the class, `FROM class [AS] alias`; "" where there is none."""
    follows = reader.next.kind == "name" and reader.next.word not in _CLAUSES
    return reader.name() if reader.word("AS") or follows else ""


def _listed(reader: Reader) -> list[PropertyPath]:
    items = [_item(reader)]
    while reader.symbol(","):
        items.append(_item(reader))
    return items


def _item(reader: Reader) -> PropertyPath:
    """`*`, `Class.*`, or the path of a property."""
    if reader.symbol("*"):
        return PropertyPath((ALL,))
    steps = [reader.step()]
    while reader.symbol("."):
        if reader.symbol("*"):
            return PropertyPath((*steps, ALL))
        steps.append(reader.step())
    return PropertyPath(tuple(steps))


def _selected(reader: Reader, listed: list[PropertyPath]) -> tuple[str, ...] | None:
    paths = [reader.resolved(path).steps for path in listed]
    if any(len(steps) > 1 or steps[0].scope for steps in paths):
        raise wrong.because("select-of-a-part")
    names = [steps[0].name for steps in paths]
    if ALL.name not in names:
        return tuple(dict.fromkeys(names))
    if len(names) > 1:
        raise wrong.because("all-and-more")
    return None
