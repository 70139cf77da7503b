"""Lines of mountinfo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.host.mounts import parse_mountinfo, unescape


@pytest.mark.parametrize(
    ("line", "mount_point", "target", "options"),
    [
        pytest.param(b"1 2 8:1 / /a rw,noatime - ext4 /dev/sda1 rw", "/a", b"/a", "rw,noatime", id="plain"),
        pytest.param(
            b"1 2 8:1 / /a rw shared:1 master:2 - ext4 /d rw,x", "/a", b"/a", "rw,x", id="optional fields"
        ),
        pytest.param(
            b"1 2 8:1 / /a\\040b\\012c\\134d rw - ext4 /d rw", "/a b\nc\\d", b"/a b\nc\\d", "rw", id="escapes"
        ),
        pytest.param(b"1 2 8:1 / /\xff rw - ext4 /d rw", "/\ufffd", b"/\xff", "rw", id="invalid UTF-8"),
        pytest.param(b"1 2 8:1 / /a rw - ext4 /d ro,x", "/a", b"/a", "ro,x", id="read-only file system"),
        pytest.param(b"1 2 8:1 / /a ro - ext4 /d rw,x", "/a", b"/a", "ro,x", id="read-only mount"),
    ],
)
def test_mount(line: bytes, mount_point: str, target: bytes, options: str) -> None:
    (mount,) = parse_mountinfo(line + b"\n")
    assert (mount.mount_point, mount.target, mount.options) == (mount_point, target, options)


@given(st.binary(max_size=200))
def test_no_line_raises(content: bytes) -> None:
    assert len(list(parse_mountinfo(content))) <= content.count(b" - ")


@given(st.binary(max_size=50))
def test_what_the_kernel_escapes_reads_back(name: bytes) -> None:
    escaped = b"".join(b"\\%03o" % byte if byte in b" \t\n\\" else bytes([byte]) for byte in name)
    assert unescape(escaped) == name
