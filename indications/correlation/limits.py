"""Every number and name of the definition format that is recalled and not published, in one place.

A user who has the manual can correct one here.
"""

from __future__ import annotations

DEFINITION_MOST = 1000  # generation conditions of a file
CON_MOST = 10  # event conditions of a generation condition
ATTRIBUTE_CONDITIONS_MOST = 256  # of an event condition
NAME_BYTES_MOST = 32
EXTENDED_NAME_BYTES_MOST = 32  # published: of the name after `E.`
VALUE_BYTES_MOST = 2048  # published
VALUES_BYTES_MOST = 2305  # published: all values of a condition together
TIMEOUT_S, TIMEOUT_S_MOST = 60, 86_400
THRESHOLD_MOST = 100
EVENT_BYTES_MOST = 10_000  # of an event that is given
SAME_ATTRIBUTE_MOST = 3
SETS, SETS_MOST = 10, 1024  # CORRELATION_NUM
ALL_SETS_MOST = 20_000
CID_MOST = 999
BEGIN_HOURS_MOST = 144  # published: -b
GROUPS_MOST, GROUP_DEPTH_MOST = 10_000, 16
CHAIN_MOST = 16  # conditions that led to an event
RESERVED_PREFIX = "IM_"
USER_IDS = ((0x0, 0x1FFF), (0x7FFF8000, 0x7FFFFFFF))  # published: B.ID of an event that is issued
DEFAULT_ID = "00000000:00000000"
