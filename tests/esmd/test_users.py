import os
import subprocess
import sys
from pathlib import Path

import pytest

from esmd.auth import users as module
from esmd.auth.users import (
    Role,
    User,
    Users,
    UsersError,
    change,
    hash_password,
    lock,
    matches,
    namespaces,
)

HASH = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"
FILE = Path("/etc/openesm/users")
ADDER = """
import sys
from pathlib import Path
from esmd.auth.users import Role, User, change
for number in range(5):
    name = f"user{sys.argv[2]}-{number}"
    change(Path(sys.argv[1]), lambda users: users.add(User(name, sys.argv[3], Role.VIEWER)), wait_s=60)
"""


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENESM_BCRYPT_COST", "4")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(f"ann:{HASH}", User("ann", HASH, Role.VIEWER), id="htpasswd -B"),
        pytest.param(f"ann:{HASH}:admin", User("ann", HASH, Role.ADMIN), id="role"),
        pytest.param(
            f"ann:{HASH}::root/cimv2",
            User("ann", HASH, Role.VIEWER, frozenset({"root/cimv2"})),
            id="namespace",
        ),
        pytest.param(
            f"ann:{HASH}:operator:ROOT/cimv2/, interop",
            User("ann", HASH, Role.OPERATOR, frozenset({"root/cimv2", "interop"})),
            id="normalised",
        ),
        pytest.param(f"アン:{HASH}:admin", User("アン", HASH, Role.ADMIN), id="Japanese name"),
    ],
)
def test_lines(line: str, expected: User) -> None:
    assert list(Users.parse(f"# head\n\n{line}\r\n", FILE)) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "ann:rqXexS6ZhobKA:admin",
            "The password of ann is not stored as a bcrypt hash. Run: esmctl user passwd ann",
            id="DES crypt",
        ),
        pytest.param("ann:$1$abc$def", "is not stored as a bcrypt", id="MD5 crypt"),
        pytest.param("ann:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "is not stored as a bcrypt", id="SHA1"),
        pytest.param("ann:secret", "is not stored as a bcrypt", id="plain"),
        pytest.param(f"ann:{HASH[:-1]}", "is not stored as a bcrypt", id="cut off"),
        pytest.param(
            f"ann:{HASH.replace('$05$', '$03$')}", "is not stored as a bcrypt", id="impossible cost"
        ),
        pytest.param(f":{HASH}", '"" is not a user name', id="no name"),
        pytest.param(f"an n:{HASH}", '"an n" is not a user name', id="blank"),
        pytest.param(f"a\x1bn:{HASH}", "is not a user name", id="escape sequence"),
        pytest.param("x" * 257 + f":{HASH}", "is not a user name", id="too long"),
        pytest.param(f"ann:{HASH}:root", 'ann: "root" is neither a role', id="unknown role"),
        pytest.param(f"ann:{HASH}:ADMIN", 'ann: "ADMIN" is neither a role', id="roles are lower case"),
        pytest.param(f"ann:{HASH}:viewer:root//cimv2", 'ann: "root//cimv2" is neither', id="double slash"),
        pytest.param(f"ann:{HASH}:viewer:root%2fcimv2", "is neither", id="percent"),
        pytest.param(f"ok:{HASH}\nok:{HASH}", "ok stands here a second time", id="twice"),
    ],
)
def test_refused_lines(line: str, expected: str) -> None:
    with pytest.raises(UsersError) as refused:
        Users.parse(line, FILE)
    assert expected in refused.value.text()
    assert refused.value.text().startswith(f"{FILE}:{line.count(chr(10)) + 1}: ")


def test_a_missing_file_has_no_users(tmp_path: Path) -> None:
    assert not list(Users.load(tmp_path / "users"))


@pytest.mark.parametrize("mode", [0o660, 0o602, 0o622])
def test_files_writable_by_others_are_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "users"
    file.write_text(f"ann:{HASH}\n")
    file.chmod(mode)
    with pytest.raises(UsersError, match=f"can be written by others \\(mode {mode:04o}\\)"):
        Users.load(file)


def test_files_that_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "users"
    for data, expected in (b"\nan\xffn:x", ":2: The line is not UTF-8"), (b"#" * (2 << 20), "larger than"):
        file.write_bytes(data)
        file.chmod(0o600)
        with pytest.raises(UsersError, match=expected):
            Users.load(file)
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(UsersError, match="not a regular file"):
        Users.load(file)
    with pytest.raises(UsersError, match="cannot be read: Is a directory"):
        Users.load(tmp_path)


def test_a_change_keeps_comments_and_is_readable_by_the_group(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"# who may\n\nann:{HASH}\nbob:{HASH}:admin:interop\n")
    file.chmod(0o600)
    change(file, lambda users: users.set_role("ann", Role.OPERATOR).remove("bob"))
    assert file.read_text() == f"# who may\n\nann:{HASH}:operator\n"
    assert file.stat().st_mode & 0o777 == 0o640
    change(file, lambda users: users.set_role("ann", Role.VIEWER, frozenset({"interop"})))
    assert (tmp_path / "users.bak").read_text().endswith(f"\nann:{HASH}:operator\n")
    assert file.read_text().endswith(f"\nann:{HASH}:viewer:interop\n")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            lambda users: users.add(User("ann", HASH, Role.ADMIN)), "There is a user ann already", id="add"
        ),
        pytest.param(lambda users: users.add(User("a:b", HASH, Role.ADMIN)), "not a user name", id="name"),
        pytest.param(lambda users: users.set_password("bob", HASH), "There is no user bob", id="password"),
        pytest.param(lambda users: users.set_role("bob", Role.ADMIN), "There is no user bob", id="role"),
        pytest.param(lambda users: users.remove("bob"), "There is no user bob", id="remove"),
    ],
)
def test_refused_changes_leave_the_file(tmp_path: Path, edit: object, expected: str) -> None:
    assert callable(edit)
    file = tmp_path / "users"
    change(file, lambda users: users.add(User("ann", HASH, Role.VIEWER)))
    before = file.stat()
    with pytest.raises(UsersError, match=expected):
        change(file, edit)
    assert file.stat().st_ino == before.st_ino


def test_a_weak_hash_can_be_repaired_but_never_matches(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ann:secret\nbob:secret\n")
    weak = Users.load(file, repairing=True).get("ann")
    assert weak
    assert not matches(weak, b"secret")
    change(file, lambda users: users.set_password("ann", hash_password(b"new")).remove("bob"))
    users = Users.load(file)
    assert users.verify(users.get("ann"), b"new")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        pytest.param(b"right", True, id="right"),
        pytest.param("パスワード".encode(), False, id="wrong"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"righ", False, id="short"),
        pytest.param(b"right\0junk", False, id="NUL"),
        pytest.param(b"right\n", False, id="control"),
        pytest.param(b"x" * 73, False, id="73 bytes"),
    ],
)
def test_verify(password: bytes, expected: bool) -> None:
    user = User("ann", hash_password(b"right"), Role.VIEWER)
    assert matches(user, password) is expected
    assert matches(None, password) is False
    users = Users(FILE, (user,))
    assert users.verify(user, password) is expected
    assert users.verify(users.get("bob"), password) is False


def test_72_bytes_are_all_significant() -> None:
    user = User("ann", hash_password(b"x" * 72), Role.VIEWER)
    assert matches(user, b"x" * 72)
    assert not matches(user, b"x" * 71 + b"y")


@pytest.mark.parametrize("password", [b"", b"a\0b", b"x" * 73])
def test_no_hash_for_what_could_never_match(password: bytes) -> None:
    with pytest.raises(ValueError, match="password"):
        hash_password(password)


def test_htpasswd_hashes_are_taken() -> None:
    hashed = hash_password(b"secret").replace("$2b$", "$2y$")
    assert matches(User("ann", hashed, Role.VIEWER), b"secret")


@pytest.mark.parametrize(
    ("text", "cost"), [("", "12"), ("5", "05"), ("1", "04"), ("31", "14"), ("many", "12")]
)
def test_cost(monkeypatch: pytest.MonkeyPatch, text: str, cost: str) -> None:
    monkeypatch.setenv("OPENESM_BCRYPT_COST", text)
    monkeypatch.setattr("bcrypt.hashpw", lambda password, salt: salt)
    assert hash_password(b"x").startswith(f"$2b${cost}$")


def test_bcrypt_is_loaded_only_when_needed() -> None:
    program = "import sys, esmd.auth.users; sys.exit('bcrypt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_parallel_changes_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "users"
    argv = [sys.executable, "-c", ADDER, str(file)]
    tools = [subprocess.Popen([*argv, str(number), HASH]) for number in range(10)]
    assert [tool.wait() for tool in tools] == [0] * 10
    assert len(Users.load(file)) == 50


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    file = tmp_path / "users"
    program = (
        "import sys, pathlib, esmd.auth.users as u\n"
        "with u.lock(pathlib.Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", program, str(file)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(UsersError, match=f"changing the users: {holder.pid} "), lock(file, wait_s=0):
            pass
        holder.communicate()


def test_namespace_lists() -> None:
    assert namespaces(" /root/CIMV2, interop,") == {"root/cimv2", "interop"}
    assert namespaces("") == frozenset()
    assert module.Role.parse("operator") is Role.OPERATOR
