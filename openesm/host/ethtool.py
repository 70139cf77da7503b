"""The ethtool ioctl: the address burnt into an adapter, and the fastest speed that it offers (ethtool.h)."""

import fcntl
import os
import socket
import struct
from array import array

_SIOCETHTOOL = 0x8946
_PERMANENT_ADDRESS = 0x20
_LINK_SETTINGS = 0x4C
_LONGEST_ADDRESS = 32
_MASK_WORDS = 127  # of each of three link-mode masks, at most
# Mbit/s of the link modes by their bit number (enum ethtool_link_mode_bit_indices).
_SPEED_OF_MODE = {
    10: (0, 1),
    100: (2, 3, 67, 90, 91),
    1000: (4, 5, 17, 41, 68),
    2500: (15, 47),
    5000: (48,),
    10_000: (12, 18, 19, 20, 42, 43, 44, 45, 46, 99),
    20_000: (21, 22),
    25_000: (31, 32, 33),
    40_000: (23, 24, 25, 26),
    50_000: (34, 35, 40, 52, 53, 54, 55, 56),
    56_000: (27, 28, 29, 30),
    100_000: (36, 37, 38, 39, 57, 58, 59, 60, 61, 75, 76, 77, 78, 79),
    200_000: (62, 63, 64, 65, 66, 80, 81, 82, 83, 84),
    400_000: (69, 70, 71, 72, 73, 85, 86, 87, 88, 89),
    800_000: (93, 94, 95, 96, 97, 98),
}


def permanent_address(name: str) -> bytes:
    """The address of the adapter of an interface.

    Raises:
        OSError: the interface has none to tell.
    """
    answer = _ask(name, struct.pack("=II", _PERMANENT_ADDRESS, _LONGEST_ADDRESS) + bytes(_LONGEST_ADDRESS))
    size = struct.unpack_from("=I", answer, 4)[0]
    return answer[8 : 8 + min(size, _LONGEST_ADDRESS)]


def fastest_mbit(name: str) -> int | None:
    """Mbit/s of the fastest link mode that the adapter supports; None when it lists none.

    Raises:
        OSError: the interface does not answer.
    """
    empty = bytes(48 + 12 * _MASK_WORDS)
    head = _ask(name, struct.pack("=I", _LINK_SETTINGS) + empty[4:])
    words = -struct.unpack_from("=b", head, 15)[0]  # the kernel's count, negative until it is agreed on
    if not 0 < words <= _MASK_WORDS:
        return None
    request = bytearray(struct.pack("=I", _LINK_SETTINGS) + empty[4:])
    request[15] = words
    return _fastest(_ask(name, bytes(request))[48 : 48 + 4 * words])


def _fastest(mask: bytes) -> int | None:
    words = struct.unpack(f"={len(mask) // 4}I", mask)
    bits = sum(word << 32 * place for place, word in enumerate(words))
    return max(
        (speed for speed, modes in _SPEED_OF_MODE.items() if any(bits >> mode & 1 for mode in modes)),
        default=None,
    )


def _ask(name: str, command: bytes) -> bytes:
    buffer = array("B", command)
    request = struct.pack("16sP16x", os.fsencode(name)[:15], buffer.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        fcntl.ioctl(channel, _SIOCETHTOOL, request)
    return buffer.tobytes()
