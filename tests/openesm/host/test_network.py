"""rtnetlink dumps and routes."""

import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openesm.host import network, rtnetlink
from openesm.host.tree import Tree
from tests.hosts import tables


def test_addresses_of_both_families() -> None:
    dump = tables.address(2, "192.0.2.1") + tables.address(3, "2001:db8::1", 253) + tables.DONE
    assert rtnetlink.parse_addresses(dump) == [
        rtnetlink.Address(2, socket.AF_INET, "192.0.2.1", 0),
        rtnetlink.Address(3, socket.AF_INET6, "2001:db8::1", 253),
    ]


def test_the_own_end_of_a_point_to_point_link_counts() -> None:
    peer, own = socket.inet_aton("10.0.0.2"), socket.inet_aton("10.0.0.1")
    payload = struct.pack("=BBBBI", socket.AF_INET, 32, 0, 0, 7)
    payload += tables.attribute(1, peer) + tables.attribute(2, own)
    assert [each.text for each in rtnetlink.parse_addresses(tables.message(20, payload))] == ["10.0.0.1"]


def test_links_come_by_index() -> None:
    dump = tables.link(10, "b", "020000000002") + tables.link(2, "a", "020000000001", kind="veth", master=10)
    first, second = rtnetlink.parse_links(dump)
    assert (first.name, first.index, first.kind, first.master) == ("a", 2, "veth", 10)
    assert (second.name, second.address, second.mtu, second.carrier) == (
        "b",
        bytes.fromhex("020000000002"),
        1500,
        True,
    )


@pytest.mark.parametrize("length", range(0, 130, 5))
def test_a_cut_dump_gives_what_is_whole(length: int) -> None:
    dump = tables.link(1, "lo", "000000000000")
    assert len(rtnetlink.parse_links(dump[:length])) == (length >= len(dump))


@given(st.binary(max_size=300))
def test_nothing_in_a_dump_raises(dump: bytes) -> None:
    assert len(rtnetlink.parse_links(dump)) + len(rtnetlink.parse_addresses(dump)) <= len(dump) // 16


HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
V6 = "0" * 32 + " 00 " + "0" * 32 + " 00 fe80000000000000000000000000000{} {:08x} 0 0 00000003 eth0\n"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "expected"),
    [
        pytest.param(
            "e\t00000000\t010200C0\t0003\t0\t0\t9\t00000000\ne\t00000000\t020200C0\t0003\t0\t0\t10\t00000000\n",
            "", {"e": "192.0.2.1"}, id="lowest metric",
        ),
        pytest.param("e\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n", "", {}, id="no gateway"),
        pytest.param("e\t000200C0\t010200C0\t0003\t0\t0\t0\t00FFFFFF\n", "", {}, id="no default"),
        pytest.param("", V6.format(2, 200) + V6.format(1, 100), {"eth0": "fe80::1"}, id="IPv6"),
        pytest.param(
            "eth0\t00000000\t010200C0\t0003\t0\t0\t900\t00000000\n", V6.format(1, 1), {"eth0": "192.0.2.1"},
            id="IPv4 before IPv6",
        ),
        pytest.param("e\t00000000\tXYZ\t0003\t0\t0\t0\t00000000\nshort\n", "x y\n", {}, id="odd lines"),
    ],
)  # fmt: skip
def test_gateways(tmp_path: Path, ipv4: str, ipv6: str, expected: dict[str, str]) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD + ipv4)
    (tmp_path / "proc/net/ipv6_route").write_text(ipv6)
    assert network.read_gateways(Tree(tmp_path)) == expected
