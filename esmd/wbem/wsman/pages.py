"""Items of an enumeration as text, as many as fit: objects, endpoint references, or both (wsman.md 7)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from esmd.wbem.source import Group
from esmd.wbem.wsman.contexts import Cursor
from esmd.wbem.wsman.fault import Fault
from esmd.wbem.wsman.resources import reference_text
from esmd.wbem.wsman.values import Writer
from openesm.cim.provider import Row
from openesm.cim.schema import Class

OBJECTS, REFERENCES, BOTH = "", "EnumerateEPR", "EnumerateObjectAndEPR"
MODES = frozenset({OBJECTS, REFERENCES, BOTH})
INCLUDE, EXCLUDE, NONE = "IncludeSubClassProperties", "ExcludeSubClassProperties", "None"
SHAPES = frozenset({INCLUDE, EXCLUDE, NONE})
OVERHEAD_BYTES = 2048  # envelope, headers and what stands around the items
WRITERS = 256
KEPT_GROUPS, KEPT_ROWS = 32, 64  # what was written last, of groups that are not large


class Pages:
    """Writes the next items of a cursor."""

    def __init__(self) -> None:
        self._writers: OrderedDict[tuple[int, str, str, frozenset[str] | None], Writer] = OrderedDict()
        self._kept: OrderedDict[tuple[object, ...], tuple[Group, dict[int, str]]] = OrderedDict()

    def take(self, cursor: Cursor, most: int, max_bytes: int | None, declared: Class | None) -> str:
        """Up to `most` items within `max_bytes`; the cursor moves on.

        Args:
            declared: the class that was asked for, whose properties alone are shown by EXCLUDE.

        Raises:
            Fault: not even one item fits.
        """
        room = None if max_bytes is None else max_bytes - OVERHEAD_BYTES
        pieces: list[str] = []
        used, start = 0, cursor.position
        for group in cursor.groups:
            rows = len(group.rows)
            if start >= rows:
                start -= rows
                continue
            written = self._writer(cursor, group, declared)
            for number in range(start, min(rows, start + most - len(pieces))):
                item = written(number)
                if room is not None:
                    used += len(item.encode())
                    if used > room:
                        if not pieces:
                            raise Fault("wsman:EncodingLimit", "MaxEnvelopeSize")
                        return "".join(pieces)
                pieces.append(item)
                cursor.position += 1
            if len(pieces) == most:
                break
            start = 0
        return "".join(pieces)

    def _writer(self, cursor: Cursor, group: Group, declared: Class | None) -> Callable[[int], str]:
        """What gives the items of a group, which is the same one while nothing has changed in it."""
        if len(group.rows) > KEPT_ROWS:
            return lambda number: self._item(cursor, group, number, declared)
        shape = id(declared) if cursor.shape == EXCLUDE else 0
        key = id(group), cursor.mode, shape, cursor.resource.base, cursor.names
        _, texts = self._kept.get(key) or self._keep(key, group)

        def written(number: int) -> str:
            text = texts.get(number)
            if text is None:
                text = texts[number] = self._item(cursor, group, number, declared)
            return text

        return written

    def _keep(self, key: tuple[object, ...], group: Group) -> tuple[Group, dict[int, str]]:
        """The group is kept too, so that its id stays its own."""
        made = self._kept[key] = group, {}
        if len(self._kept) > KEPT_GROUPS:
            self._kept.popitem(last=False)
        return made

    def _item(self, cursor: Cursor, group: Group, number: int, declared: Class | None) -> str:
        row = group.rows[number]
        reference = self._reference(cursor, group, row) if cursor.mode != OBJECTS else ""
        if cursor.mode == REFERENCES:
            return reference
        write = self.writer(cursor, group, declared)
        return f"<wsman:Item>{write(row)}{reference}</wsman:Item>" if cursor.mode == BOTH else write(row)

    @staticmethod
    def _reference(cursor: Cursor, group: Group, row: Row) -> str:
        inner = reference_text(group.path(row), cursor.resource.base, group.namespace)
        return f"<wsa:EndpointReference>{inner}</wsa:EndpointReference>"

    def writer(self, cursor: Cursor, group: Group, declared: Class | None) -> Callable[[Row], str]:
        """What writes the instances of a group for a cursor."""
        excluding = cursor.shape == EXCLUDE and declared is not None
        cls = declared if excluding and declared is not None else group.cls
        key = id(cls), cursor.resource.base, group.namespace, cursor.names
        writer = self._writers.get(key)
        if writer is None:
            uri = cursor.resource.uri(cls.name)
            writer = Writer(cls, uri, cursor.resource.base, group.namespace, cursor.names)
            self._writers[key] = writer
            if len(self._writers) > WRITERS:
                self._writers.popitem(last=False)
        return writer.write
