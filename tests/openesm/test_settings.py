from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from openesm.settings import SettingsError, load, parse, with_overrides
from openesm.settings.edit import NotEditableError, with_value
from openesm.settings.reference import manual, sample

FILE = Path("/etc/openesm/esmd.toml")


def refusals(text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        parse(text, FILE)
    return refused.value.text().splitlines()


def test_defaults_stand_beside_the_file_and_in_the_state_directory() -> None:
    settings = parse("", FILE)
    assert settings.listen.scope == "loopback"
    assert (settings.listen.http_port, settings.listen.https_port) == (0, 5989)
    assert settings.auth.users_file == Path("/etc/openesm/users")
    assert settings.tls.key == Path("/etc/openesm/tls/server.key")
    assert settings.log.audit == Path("/var/lib/openesm/audit.log")
    assert settings.source == FILE


def test_given_values_win() -> None:
    settings = parse(
        "[state]\ndir = 'state'\n[log]\naudit = 'a.log'\n[host]\nsample_s = 2\n"
        '[auth.client_users]\n"SHA256:' + "AB:" * 31 + 'AB" = "ops"\n"uri:urn:x" = "web"\n',
        FILE,
    )
    assert settings.state.dir == Path("/etc/openesm/state")
    assert settings.log.audit == Path("/etc/openesm/a.log")
    assert settings.host.sample_s == 2.0
    assert dict(settings.auth.client_users) == {"sha256:" + "ab" * 32: "ops", "uri:urn:x": "web"}


def test_settings_are_read_only() -> None:
    name = "http_port"
    with pytest.raises(FrozenInstanceError):
        setattr(parse("", FILE).listen, name, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[listen]\n\nhttp_prot = 1",
            ":3: listen.http_prot is not a setting. Did you mean listen.http_port",
            id="near miss",
        ),
        pytest.param("zebra = 1", ":1: zebra is not a setting.", id="unknown"),
        pytest.param(
            "listen.https_port = true",
            ":1: listen.https_port must be a whole number.",
            id="boolean is no number",
        ),
        pytest.param("[auth]\npam = 'yes'", ":2: auth.pam must be true or false.", id="string is no boolean"),
        pytest.param(
            "[listen]\nhttps_port = 65536", ":2: listen.https_port must be between 0 and 65535.", id="range"
        ),
        pytest.param(
            "[host]\nsample_s = nan", ":2: host.sample_s must be between 0.1 and 60.", id="not a number"
        ),
        pytest.param(
            "[host]\nsample_s = 0.09", ":2: host.sample_s must be between 0.1 and 60.", id="too often"
        ),
        pytest.param(
            "[listen]\nscope = 'any'", ':2: listen.scope must be one of "loopback", "all".', id="choice"
        ),
        pytest.param(
            "[listen]\nscope = ['all']",
            ':2: listen.scope must be one of "loopback", "all".',
            id="list as choice",
        ),
        pytest.param("listen = 3", ":1: listen must be a table, [listen].", id="value for a table"),
        pytest.param("[tls]\nkey = ''", ":2: tls.key must be a path in quotation marks.", id="empty path"),
        pytest.param(
            '[tls]\nkey = "a\\u0000b"', ":2: tls.key must not hold control characters.", id="NUL in a path"
        ),
        pytest.param(
            "[host]\nsystem_name = 'a b'",
            ":2: host.system_name does not have the form",
            id="name with a blank",
        ),
        pytest.param(
            "[listen]\nwsman_http_port = 5985\nwsman_port = 5985",
            ":2: listen.wsman_http_port is the same port as listen.wsman_port",
            id="WS-Management",
        ),
        pytest.param(
            "[listen]\nhttp_port = 5989", ":2: listen.http_port is the same port", id="one port twice"
        ),
        pytest.param(
            "[listen]\nscope='all'\nhttp_port=5988", ":3: listen.http_port: HTTP off loopback", id="plaintext"
        ),
        pytest.param(
            "[auth]\nclient_crl = 'x'", ":2: auth.client_crl needs auth.client_ca", id="CRL without CA"
        ),
        pytest.param(
            "[auth.client_users]\n'cn:ops' = 'ops'",
            ':1: auth.client_users: "cn:ops" does not name',
            id="common name is no key",
        ),
        pytest.param(
            "[auth.client_users]\n'dns:ops' = ''",
            ':1: auth.client_users: the certificate "dns:ops"',
            id="nobody",
        ),
        pytest.param(
            "[limits]\ncontexts = 4",
            ":1: limits.contexts_per_user must not be above limits.contexts, which is 4.",
            id="limits",
        ),
        pytest.param(
            "[state]\nsocket = '/" + "x" * 107 + "'",
            ":2: state.socket is longer than the 107 bytes",
            id="long socket",
        ),
        pytest.param("[mode]\nservice = = 1", ":2:11: This is not TOML: Invalid value.", id="syntax"),
        pytest.param("[mode]\nservice = ", ":2: This is not TOML: Invalid value.", id="cut off"),
        pytest.param(
            "[mode]\nservice = " + "9" * 5000, ":1: This is not TOML: Exceeds the limit", id="endless number"
        ),
        pytest.param(
            "a = " + "[" * 9000, ":1: Tables or arrays are nested too deeply.", id="endless nesting"
        ),
    ],
)
def test_refused_with_line_and_key(text: str, expected: str) -> None:
    (line,) = refusals(text)
    assert line.startswith(f"{FILE}{expected}")


def test_all_errors_are_told_at_once_in_the_order_of_the_file() -> None:
    text = "[listen]\nscope = 1\n[log]\nlevel = 'loud'\n[auth]\nnote = '''\nlevel = 2\n'''\npam = 0\n"
    lines = [refusal.removeprefix(f"{FILE}:").split(":")[0] for refusal in refusals(text)]
    assert lines == ["2", "4", "6", "9"]


def test_errors_speak_japanese() -> None:
    with pytest.raises(SettingsError) as refused:
        parse("[mode]\nservice = 1", FILE)
    assert "true または false" in refused.value.text("ja")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", ":1: The configuration file is empty", id="0 bytes"),
        pytest.param(b"\n \n", ":1: The configuration file is empty", id="blank"),
        pytest.param(b"# a\n# \xff", ":2: The file is not UTF-8 text: byte ff", id="Latin-1"),
        pytest.param(b"#" * (2 << 20), ": The configuration file is larger", id="huge"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    file = tmp_path / "esmd.toml"
    file.write_bytes(data)
    with pytest.raises(SettingsError) as refused:
        load(file)
    assert str(refused.value).startswith(f"{file}{expected}")


def test_absent_and_unreadable_files(tmp_path: Path) -> None:
    for file, expected in (tmp_path / "none", "There is no"), (tmp_path, "cannot be read: Is a directory"):
        with pytest.raises(SettingsError, match=expected):
            load(file)


def test_byte_order_mark_and_crlf_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "esmd.toml"
    file.write_bytes(b"\xef\xbb\xbf# hello\r\n[listen]\r\nhttp_port = 5988\r\n")
    assert load(file).listen.http_port == 5988


def test_sample_is_the_defaults_and_names_every_key() -> None:
    for language in "en", "ja":
        assert parse(sample(language), FILE) == parse("", FILE)
        assert parse(sample(language, active=True), FILE).limits == parse("", FILE).limits


def test_configuration_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert page.read_text("utf-8") == manual(), "python -m openesm.settings > docs/configuration.md"


def test_overrides_for_a_second_agent(tmp_path: Path) -> None:
    first = parse("[listen]\nhttp_port = 5988", FILE)
    second = with_overrides(first, state_dir=tmp_path, port_offset=10)
    assert (second.listen.http_port, second.listen.https_port, second.listen.wsman_port) == (5998, 5999, 0)
    assert second.state.socket == tmp_path / "esmd.sock"
    assert second.log.audit == tmp_path / "audit.log"
    assert second.tls == first.tls


@pytest.mark.parametrize("offset", [60000, -5989, -6000])
def test_offset_out_of_the_ports(offset: int) -> None:
    with pytest.raises(SettingsError, match="https_port must be between"):
        with_overrides(parse("", FILE), port_offset=offset)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", '\n[listen]\nscope = "all"\n', id="empty"),
        pytest.param(
            "# top\n[listen]\n# who\nscope = 'loopback' # why\n",
            '# top\n[listen]\n# who\nscope = "all" # why\n',
            id="comments stay",
        ),
        pytest.param(
            "[listen]\nhttps_port = 1\n[tls]\n",
            '[listen]\nscope = "all"\nhttps_port = 1\n[tls]\n',
            id="table without the key",
        ),
        pytest.param("[tls]\r\n", '[tls]\r\n\r\n[listen]\r\nscope = "all"\r\n', id="CRLF"),
        pytest.param('listen.scope="loopback"\n', 'listen.scope="all"\n', id="dotted key"),
        pytest.param("[tls]", '[tls]\n\n[listen]\nscope = "all"\n', id="no final newline"),
    ],
)
def test_one_key_is_changed(before: str, after: str) -> None:
    assert with_value(before, "listen", "scope", "all") == after


@pytest.mark.parametrize("text", ["listen = { scope = 'loopback' }\n", "listen = 3\n"])
def test_forms_that_are_not_edited(text: str) -> None:
    with pytest.raises(NotEditableError):
        with_value(text, "listen", "scope", "all")
