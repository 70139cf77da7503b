"""Names and addresses of the machine."""

from pathlib import Path

import pytest

from openesm.host import identity
from openesm.host.identity import AddressSource
from openesm.host.tree import Tree

SOCKET = "10.9.9.9"


@pytest.mark.parametrize(
    ("hosts", "address", "source"),
    [
        pytest.param(
            "127.0.0.1 server1 localhost\n10.1.2.1 server1\n", SOCKET, AddressSource.SOCKET, id="example 1"
        ),
        pytest.param(
            "10.1.2.1 server1\n127.0.0.1 server1\n", "10.1.2.1", AddressSource.HOST_NAME, id="example 2"
        ),
        pytest.param(
            "127.0.0.1 localhost\n10.1.2.1 server1\n", "10.1.2.1", AddressSource.HOST_NAME, id="example 3"
        ),
        pytest.param("127.0.0.1 localhost\n", SOCKET, AddressSource.SOCKET, id="example 4"),
        pytest.param(
            "127.0.1.1 server1.lan server1\n", SOCKET, AddressSource.SOCKET, id="Debian's 127.0.1.1"
        ),
        pytest.param(
            "::1 server1\n10.1.2.1 SERVER1\n", "10.1.2.1", AddressSource.HOST_NAME, id="IPv6 line first"
        ),
        pytest.param("#10.1.2.1 server1\n", SOCKET, AddressSource.SOCKET, id="a comment"),
        pytest.param(None, SOCKET, AddressSource.SOCKET, id="no /etc/hosts"),
    ],
)
def test_agent_address(hosts: str | None, address: str, source: AddressSource) -> None:
    """FAQ-18, its four examples and more."""
    named = identity.named_address("server1", hosts)
    assert identity.choose_agent_address(named, SOCKET) == (address, source)


@pytest.mark.parametrize(
    ("named", "source", "fixed", "expected"),
    [
        pytest.param(
            "10.1.2.1", SOCKET, "192.0.2.9", ("192.0.2.9", AddressSource.UNKNOWN), id="a fixed one wins"
        ),
        pytest.param(None, None, "", (None, AddressSource.UNKNOWN), id="nothing known"),
    ],
)
def test_agent_address_without_the_rule(
    named: str | None, source: str | None, fixed: str, expected: tuple[str | None, AddressSource]
) -> None:
    assert identity.choose_agent_address(named, source, fixed) == expected


@pytest.mark.parametrize(
    ("nodename", "hosts", "expected"),
    [
        pytest.param("a.example.com", "", "a.example.com", id="full already"),
        pytest.param("a", "10.0.0.1 a.example.com a\n", "a.example.com", id="alias"),
        pytest.param("a", "10.0.0.1 ab.example.com localhost\n", "a", id="no alias"),
        pytest.param("a", None, "a", id="no /etc/hosts"),
        pytest.param("", None, "localhost", id="no name"),
    ],
)
def test_full_name(nodename: str, hosts: str | None, expected: str) -> None:
    assert identity.fqdn(nodename, hosts) == expected


def test_os_release(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        '# c\nNAME=\'A B\'\nPRETTY_NAME="x \\"y\\" \\$z"\nID=plain\nbroken\n'
    )
    assert identity.read_os_release(Tree(tmp_path)) == {
        "NAME": "A B",
        "PRETTY_NAME": 'x "y" $z',
        "ID": "plain",
    }
