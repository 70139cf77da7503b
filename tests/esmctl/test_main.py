from pathlib import Path

import pytest

from esmctl.main import commands, main
from esmctl.output import Table, shortened, visible, width
from openesm.text import LANGUAGES, Message, catalogue

WORDS = sorted(" ".join(words) for words, _ in commands())


def test_every_command_is_found_by_its_file() -> None:
    assert {"setup", "status", "reload", "doctor", "roles", "expose", "user add", "cert install"} <= set(
        WORDS
    )


@pytest.mark.parametrize("locale", ["C.UTF-8", "ja_JP.UTF-8"])
@pytest.mark.parametrize("words", ["", *WORDS])
def test_help_is_there_in_both_languages(
    words: str, locale: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", locale)
    with pytest.raises(SystemExit) as done:
        main([*words.split(), "--help"])
    shown = capsys.readouterr().out
    assert done.value.code == 0
    assert ("設定ファイル" in shown) is (locale == "ja_JP.UTF-8")


@pytest.mark.parametrize("room", ["esmctl", "settings", "tls", "users"])
def test_texts_have_both_languages_and_the_same_arguments(room: str) -> None:
    for name, texts in catalogue(room).items():
        assert tuple(texts) == LANGUAGES, name
        fields = [sorted(part.split("}")[0] for part in texts[one].split("{")[1:]) for one in LANGUAGES]
        assert fields[0] == fields[1], name


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["user"],
        ["explode"],
        ["user", "role", "ann", "emperor"],
        ["user", "add", "ann", "--namespaces", "root//cimv2"],
        ["user", "add", "ann", "--password", "secret"],
    ],
)
def test_wrong_command_lines_end_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(argv)
    assert done.value.code == 2


def test_a_wrong_configuration_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "esmd.toml"
    file.write_text("[tls]\ncret = 1\n")
    assert main(["user", "list", "--config", str(file)]) == 1
    assert capsys.readouterr().err == (
        f"esmctl: {file}:2: tls.cret is not a setting. Did you mean tls.cert?\n"
    )


def test_terminal_escapes_are_spelled_out() -> None:
    table = Table(("name", "what"), (("\x1b[31mred\u202e", "a\nb"), ("日本", "c")))
    assert table.text().splitlines() == [
        "name               what",
        r"\x1b[31mred\u202e  a\nb",
        "日本               c",
    ]
    assert visible("\u009b2J\x7f") == r"\x9b2J\x7f"


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("plain", 5, "plain"), ("longer", 5, "long…"), ("日本語", 6, "日本語"), ("日本語", 5, "日本…")],
)
def test_shortened(text: str, columns: int, expected: str) -> None:
    assert shortened(text, columns) == expected
    assert width(expected) <= columns


def test_unprintable_complaints_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--socket", "/none/\x1b[2J"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_role_table_is_the_one_of_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == ["operation", "role"]
    assert ["GetInstance", "viewer"] in shown
    assert ["DeleteInstance", "admin"] in shown


def test_message_arguments_named_like_ours_do_not_collide() -> None:
    assert Message("tls.key-open", (("key_file", "x"),)).text("ja")
