"""Elements of a request: what must be there, or the request is not valid."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from esmd.wbem.http1 import HttpError

_NAME = re.compile(r"[A-Za-z_\u0080-\uffef][A-Za-z0-9_\u0080-\uffef]{0,255}\Z")


def invalid() -> HttpError:
    """A body that is XML, and no CIM-XML."""
    return HttpError(400, "request-not-valid")


def only(element: Element, *tags: str) -> Element:
    """The single child, which has one of `tags`."""
    if len(element) != 1 or element[0].tag not in tags:
        raise invalid()
    return element[0]


def attribute(element: Element, name: str) -> str:
    """A required attribute."""
    value = element.get(name)
    if value is None:
        raise invalid()
    return value


def name_of(element: Element, wanted: str = "NAME") -> str:
    """A required attribute that is a CIM name."""
    value = attribute(element, wanted)
    if not _NAME.match(value):
        raise invalid()
    return value


def text_of(element: Element) -> str:
    """The text of an element that has no children."""
    if len(element):
        raise invalid()
    return element.text or ""
