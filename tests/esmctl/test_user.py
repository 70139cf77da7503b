import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from esmd.auth.users import Role, User, Users
from tests.esmctl.conftest import Answers, Run

WEAK = "old:rqXexS6ZhobKA\n"


def user_of(config: Path, name: str) -> User:
    user = Users.load(config.with_name("users")).get(name)
    assert user
    return user


def verified(config: Path, name: str, password: str) -> bool:
    users = Users.load(config.with_name("users"))
    return users.verify(users.get(name), password.encode())


def on_terminal(config: Path, words: list[str], typed: list[str]) -> tuple[int, str]:
    """Runs esmctl on a terminal of its own and types the lines when a question (`: `) is there."""
    controller, terminal = pty.openpty()
    argv = [sys.executable, "-m", "esmctl.main", *words, "--config", str(config)]
    tool = subprocess.Popen(
        argv, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, cwd=Path.cwd()
    )
    os.close(terminal)
    shown = b""
    answers = iter(typed)
    while True:
        try:
            data = os.read(controller, 1000)
        except OSError:
            break
        shown += data
        if shown.endswith(b": "):
            os.write(controller, next(answers).encode() + b"\n")
    os.close(controller)
    return tool.wait(), shown.decode()


@pytest.fixture
def word(tmp_path: Path) -> Path:
    file = tmp_path / "word"
    file.write_text("pass word\n")
    return file


def test_a_life_of_a_user(config: Path, run: Run, word: Path, control: Answers) -> None:
    code, shown, _ = run("user", "add", "ann", "--role", "operator", "--password-file", word)
    assert code == 0
    assert shown.splitlines()[1] == "The running agent has read its files again."
    assert verified(config, "ann", "pass word")
    word.write_bytes("新しい".encode() + b"\r\n")
    run("user", "passwd", "ann", "--password-file", word)
    assert verified(config, "ann", "新しい")
    run("user", "role", "ann", "admin", "--namespaces", "interop")
    assert run("user", "list")[1].splitlines() == ["name  role   namespaces", "ann   admin  interop"]
    assert json.loads(run("user", "list", "--json")[1]) == [
        {"name": "ann", "role": "admin", "namespaces": "interop"}
    ]
    run("user", "remove", "ann")
    assert run("user", "list")[1].splitlines() == ["name  role  namespaces"]
    assert control.asked == [("/control", "reload")] * 4


def test_without_an_agent_the_change_is_made_and_said(config: Path, run: Run, word: Path) -> None:
    code, shown, _ = run("user", "add", "ann", "--password-file", word)
    assert (code, user_of(config, "ann").role) == (0, Role.VIEWER)
    assert shown.splitlines()[1] == "No agent is running; the change counts from its next start."


def test_a_made_password_in_a_file_is_secret_and_new(
    config: Path, run: Run, word: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    assert run("user", "add", "ann", "--random", "--password-file", made)[0] == 0
    password = made.read_text().strip()
    assert (len(password), made.stat().st_mode & 0o777) == (20, 0o600)
    assert verified(config, "ann", password)
    code, _, complaint = run("user", "passwd", "ann", "--random", "--password-file", word)
    assert (code, complaint) == (1, f"esmctl: {word}: File exists.\n")
    assert verified(config, "ann", password)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["user", "add", "ann", "--random"], "is shown on a terminal only"),
        (["user", "passwd", "ann", "--password-file", "word"], "There is no user ann."),
        (["user", "remove", "ann"], "There is no user ann."),
        (["user", "role", "ann", "admin"], "There is no user ann."),
        (["user", "add", "a:b", "--password-file", "word"], "is not a user name"),
        (["user", "add", "ann", "--password-file", "none"], "none: No such file"),
        (["user", "add", "ann", "--password-file", "/dev/null"], "1 to 72 bytes"),
    ],
)
def test_refusals_change_nothing(
    config: Path, run: Run, word: Path, words: list[str], complaint: str
) -> None:
    code, shown, said = run(*words)
    assert (code, shown) == (1, "")
    assert complaint in said
    assert not config.with_name("users").exists()


def test_a_weak_hash_is_repaired_by_the_command_that_the_refusal_names(
    config: Path, run: Run, word: Path
) -> None:
    file = config.with_name("users")
    file.write_text(WEAK)
    file.chmod(0o640)
    assert run("user", "list")[2].endswith("Run: esmctl user passwd old\n")
    assert run("user", "passwd", "old", "--password-file", word)[0] == 0
    assert verified(config, "old", "pass word")


def test_a_made_password_is_shown_once_on_a_terminal(config: Path) -> None:
    code, shown = on_terminal(config, ["user", "add", "ann", "--random"], [])
    password = shown.splitlines()[0].rpartition(" ")[2]
    assert (code, len(password), shown.count(password)) == (0, 20, 1)
    assert verified(config, "ann", password)


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        pytest.param(["secret", "secret"], 0, "is now a user", id="twice the same"),
        pytest.param(["secret", "secrets"], 1, "differ; nothing was changed", id="different"),
        pytest.param(["", ""], 1, "1 to 72 bytes", id="empty"),
    ],
)
def test_a_password_is_asked_for_twice_and_not_echoed(
    config: Path, typed: list[str], code: int, says: str
) -> None:
    done, shown = on_terminal(config, ["user", "add", "ann"], typed)
    assert done == code
    assert says in shown
    assert "secret" not in shown
    assert config.with_name("users").exists() is (code == 0)


def test_many_tools_at_once_lose_nothing(config: Path, word: Path) -> None:
    argv = [sys.executable, "-m", "esmctl.main", "user", "add", "--config", str(config)]
    argv += ["--password-file", str(word)]
    tools = [subprocess.Popen([*argv, f"user{number}"], stdout=subprocess.DEVNULL) for number in range(12)]
    assert [tool.wait() for tool in tools] == [0] * 12
    assert len(Users.load(config.with_name("users"))) == 12
