"""XML in: one parse of a bounded body, with no DTD, no depth and no size that could hurt (SEC-40 to SEC-45).

The stdlib's C parser does the work. A body whose tags could nest too deep, or that mentions a DOCTYPE, goes
through a slower target that refuses while it parses, before a tree is there.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from esmd.wbem.http1 import HttpError

MAX_DEPTH = 64
MAX_ATTRIBUTES = 256
MAX_ATTRIBUTE_CHARS = 65536
_FEW_TAGS = MAX_DEPTH  # a body with no more start tags than this cannot nest deeper

_DECLARATION = re.compile(
    rb"\A<\?xml\s+version\s*=\s*([\"'])1\.[01]\1(?:\s+encoding\s*=\s*([\"'])(?P<encoding>[A-Za-z0-9._-]+)\2)?"
    rb"(?:\s+standalone\s*=\s*([\"'])(?:yes|no)\4)?\s*\?>"
)
_BOM = b"\xef\xbb\xbf"
_DOCTYPE = re.compile(rb"(?>\s+|<!--.*?-->|<\?.*?\?>)*+<!DOCTYPE", re.DOTALL)


class _RefusedError(Exception):
    """The document breaks a bound; the text is the CIMError."""


class _BoundedBuilder(TreeBuilder):
    """Builds a tree, and stops at a DOCTYPE, too deep nesting and too many attributes."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _RefusedError
        _check_attributes(attrs)
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _pubid: str | None, _system: str | None) -> None:
        raise _RefusedError


def _check_attributes(attributes: dict[str, str]) -> None:
    if len(attributes) > MAX_ATTRIBUTES or sum(map(len, attributes.values())) > MAX_ATTRIBUTE_CHARS:
        raise _RefusedError


def parse(body: bytes) -> Element:
    """The root element of a request.

    Raises:
        HttpError: 400 `request-not-well-formed`, or `request-not-valid` for what XML allows and we do not.
    """
    body = body.removeprefix(_BOM)
    if body.startswith(b"<?xml"):
        declaration = _DECLARATION.match(body)
        if declaration is None or (declaration["encoding"] or b"utf-8").lower() not in (b"utf-8", b"utf8"):
            raise HttpError(400, "request-not-well-formed")
    if b"<!DOCTYPE" in body and _DOCTYPE.match(body):
        raise HttpError(400, "request-not-valid")  # before the parser expands what it declares
    careful = (
        body.count(b"<") - body.count(b"</") > _FEW_TAGS
        or b"<!DOCTYPE" in body
        or body.count(b"=") > MAX_ATTRIBUTES
        or len(body) > MAX_ATTRIBUTE_CHARS
    )
    parser = XMLParser(target=_BoundedBuilder() if careful else TreeBuilder(), encoding="utf-8")  # noqa: S314
    try:
        body.decode("utf-8")
        parser.feed(body)
        root = parser.close()
    except _RefusedError:
        raise HttpError(400, "request-not-valid") from None
    except (ParseError, ValueError, LookupError):
        raise HttpError(400, "request-not-well-formed") from None
    assert isinstance(root, Element)
    return root
