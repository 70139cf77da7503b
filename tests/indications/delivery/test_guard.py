"""Where a subscriber cannot make the agent go (SEC-70, SEC-72)."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indications.delivery.guard import Address, Target, allowed, masked, parse
from openesm.text import LANGUAGES, Message

URL = "https://manager.example:6736/"
GOOD = "192.0.2.7"
ONE_NETWORK = partial(allowed, allow=[ip_network("192.0.2.0/24")])


Guard = Callable[[str, list[Address]], Address | Message]


def verdict(addresses: list[str], guard: Guard = allowed) -> str:
    """The chosen address, or the name of the refusal."""
    found = guard(URL, [ip_address(text) for text in addresses])
    return found.key.partition(".")[2] if isinstance(found, Message) else str(found)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(URL, Target("https", "manager.example", 6736, "/"), id="usual"),
        pytest.param("HTTP://Host", Target("http", "Host", 80, "/"), id="short"),
        pytest.param("https://[2001:db8::1]:5/a?b=c", Target("https", "2001:db8::1", 5, "/a?b=c"), id="IPv6"),
        pytest.param("http://192.0.2.1:59/a%20/b", Target("http", "192.0.2.1", 59, "/a%20/b"), id="path"),
    ],
)
def test_good_urls(url: str, expected: Target) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("file:///etc/passwd", "url-scheme", id="file"),
        pytest.param("ftp://host/", "url-scheme", id="ftp"),
        pytest.param("127.0.0.1:25990", "url-scheme", id="no scheme"),
        pytest.param("", "url-scheme", id="empty"),
        pytest.param("https://user:secret@host/", "url-credentials", id="credentials"),
        pytest.param("https://user@host/", "url-credentials", id="user"),
        pytest.param("gopher://user:secret@host/", "url-credentials", id="credentials of another scheme"),
        pytest.param("http://good.example#@169.254.169.254/", "url-wrong", id="fragment"),
        pytest.param("http://good.example\\@169.254.169.254/", "url-credentials", id="backslash"),
        pytest.param("http://good.example/a b", "url-wrong", id="blank"),
        pytest.param("http://good.example/\r\nHost: x", "url-wrong", id="header injection"),
        pytest.param("http://good.example\n", "url-wrong", id="line feed at the end"),
        pytest.param("http://good.example:0/", "url-wrong", id="port 0"),
        pytest.param("http://good.example:65536/", "url-wrong", id="port too high"),
        pytest.param("http://good.example:/", "url-wrong", id="no port"),
        pytest.param("http:///path", "url-wrong", id="no host"),
        pytest.param("http://%31%32%37.0.0.1/", "url-wrong", id="escaped host"),
        pytest.param("http://[1.2.3.4]/", "url-wrong", id="brackets around IPv4"),
        pytest.param("http://[fe80::1%25eth0]/", "url-wrong", id="zone"),
        pytest.param("http://日本.example/", "url-wrong", id="not ASCII"),
        pytest.param("http://host/" + "a" * 3000, "url-wrong", id="endless"),
    ],
)
def test_bad_urls(url: str, expected: str) -> None:
    refusal = parse(url)
    assert isinstance(refusal, Message)
    assert refusal.key == f"delivery.{expected}"
    assert allowed(url, [ip_address(GOOD)]) == refusal
    for language in LANGUAGES:
        assert "secret" not in refusal.text(language)
        assert refusal.text(language).isprintable()


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        pytest.param([GOOD], GOOD, id="public"),
        pytest.param(["10.1.2.3"], "10.1.2.3", id="private networks are where managers are"),
        pytest.param(["fd00::5"], "fd00::5", id="unique local"),
        pytest.param(["2001:db8::9", GOOD], "2001:db8::9", id="the first"),
        pytest.param(["127.0.0.1", GOOD], GOOD, id="the first that is allowed"),
        pytest.param([], "no-address", id="none"),
        pytest.param(["127.0.0.1"], "address-loopback", id="loopback"),
        pytest.param(["127.99.0.1"], "address-loopback", id="all of loopback"),
        pytest.param(["::1"], "address-loopback", id="loopback 6"),
        pytest.param(["::ffff:127.0.0.1"], "address-loopback", id="mapped loopback"),
        pytest.param(["::127.0.0.1"], "address-loopback", id="compatible loopback"),
        pytest.param(["64:ff9b::7f00:1"], "address-loopback", id="NAT64 loopback"),
        pytest.param(["2002:7f00:1::"], "address-loopback", id="6to4 loopback"),
        pytest.param(["169.254.169.254"], "address-special", id="metadata service"),
        pytest.param(["::ffff:169.254.169.254"], "address-special", id="mapped metadata service"),
        pytest.param(["64:ff9b::a9fe:a9fe"], "address-special", id="NAT64 metadata service"),
        pytest.param(["fe80::1"], "address-special", id="link-local"),
        pytest.param(["fe80::1%eth0"], "address-special", id="link-local with its zone"),
        pytest.param(["224.0.0.1"], "address-special", id="multicast"),
        pytest.param(["ff02::1"], "address-special", id="multicast 6"),
        pytest.param(["0.0.0.0"], "address-special", id="unspecified"),
        pytest.param(["0.1.2.3"], "address-special", id="this network"),
        pytest.param(["::"], "address-special", id="unspecified 6"),
        pytest.param(["::ffff:0.0.0.0"], "address-special", id="mapped unspecified"),
        pytest.param(["255.255.255.255"], "address-special", id="broadcast"),
        pytest.param(["240.0.0.1"], "address-special", id="reserved"),
    ],
)
def test_addresses(addresses: list[str], expected: str) -> None:
    assert verdict(addresses) == expected


@pytest.mark.parametrize(
    ("addresses", "guard", "expected"),
    [
        pytest.param(
            ["127.0.0.1"],
            partial(allowed, allow_loopback=True),
            "127.0.0.1",
            id="loopback when it is allowed",
        ),
        pytest.param(
            ["::ffff:127.0.0.1"], partial(allowed, allow_loopback=True), "::ffff:7f00:1", id="mapped too"
        ),
        pytest.param(
            ["169.254.1.1"], partial(allowed, allow_loopback=True), "address-special", id="but not link-local"
        ),
        pytest.param([GOOD], ONE_NETWORK, GOOD, id="inside"),
        pytest.param(["10.0.0.1"], ONE_NETWORK, "address-outside", id="outside"),
        pytest.param(["10.0.0.1", GOOD], ONE_NETWORK, GOOD, id="one inside"),
        pytest.param(
            ["169.254.1.1"], partial(allowed, allow=[ip_network("0.0.0.0/0")]), "address-special", id="never"
        ),
        pytest.param([GOOD], partial(allowed, ports={6736}), GOOD, id="port"),
        pytest.param([GOOD], partial(allowed, ports={443}), "port-denied", id="other port"),
    ],
)
def test_settings(addresses: list[str], guard: Guard, expected: str) -> None:
    assert verdict(addresses, guard) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:p@host/x", "https://***@host/x"),
        ("https://u:p@q@host/x", "https://***@host/x"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_masked(url: str, expected: str) -> None:
    assert masked(url) == expected


@given(st.ip_addresses())
def test_what_is_chosen_is_global_or_private_unicast(address: Address) -> None:
    found = allowed(URL, [address])
    if not isinstance(found, Message):
        assert not (found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified)


@given(st.text())
def test_any_text_is_a_url_or_is_refused(url: str) -> None:
    found = parse(url)
    text = str(found) if isinstance(found, Message) else found.authority
    assert "\n" not in text
