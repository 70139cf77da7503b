"""The history of alerts as instances of ESM_AlertRecord: the newest ones, newest first."""

from __future__ import annotations

from collections.abc import Callable

from indications.alert import from_json
from indications.instance import RECORD, record
from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.store import Store
from openesm.text import Language

SHOWN_MOST = 1000

_Kept = tuple[int, str, int, int, int]  # number, alert as JSON, delivered, pending, given up
_QUERY = """
SELECT number, alert, selected - given_up - pending, pending, given_up FROM (
    SELECT number, alert, selected, given_up,
        (SELECT count(*) FROM pending WHERE pending.alert = alert.number) AS pending
    FROM alert ORDER BY number DESC LIMIT ?)
"""


def provider(store: Store, language: Callable[[], Language]) -> Provider[_Kept]:
    """ESM_AlertRecord: the newest `SHOWN_MOST` alerts; `esmctl alert list` knows all.

    Args:
        language: of the texts, asked at each reading.
    """

    def read(_host: Host) -> list[_Kept]:
        return store.read(lambda db: db.execute(_QUERY, (SHOWN_MOST,)).fetchall())

    def instance(kept: _Kept) -> Row:
        number, text, delivered, pending, given_up = kept
        return record(
            from_json(text),
            language=language(),
            number=number,
            delivered=delivered,
            pending=pending,
            given_up=given_up,
        )

    return Provider(classname=RECORD, read=read, instance=instance, may_block=True)
