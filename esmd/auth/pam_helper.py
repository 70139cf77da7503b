"""`python -m esmd.auth.pam_helper --socket PATH --user openesm`: PAM for a server without rights.

Runs as root. Takes questions only from the uid that the server runs as (SO_PEERCRED), knows one verb, opens
no file that a client names. Refuses to start without its own PAM service file, because PAM would fall back
to `other`, which on Debian lets everybody in who has a password (SEC-07).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pwd
import socket
import sys
import threading
from pathlib import Path

import pam

from esmd.auth.local import admin_group, groups_of
from esmd.auth.peer import peer_uid
from esmd.auth.users import Role
from openesm.text import say

SERVICE = "openesm"
SERVICE_FILE = Path("/etc/pam.d") / SERVICE
QUESTION_BYTES = 4096
ANSWER_S = 20.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="openesm-pam", description=say("auth.pam-description"))
    parser.add_argument("--socket", type=Path, required=True, help=say("auth.pam-socket"))
    parser.add_argument("--user", required=True, help=say("auth.pam-user"))
    parser.add_argument("--group", default="openesm", help=say("auth.pam-group"))
    args = parser.parse_args(argv)
    problem = service_file_problem(SERVICE_FILE)
    if problem:
        sys.stderr.write(f"openesm-pam: {problem}\n")
        return 1
    try:
        client = pwd.getpwnam(args.user).pw_uid
    except KeyError:
        sys.stderr.write(f"openesm-pam: {say('auth.pam-no-user', user=args.user)}\n")
        return 1
    serve(args.socket, client, args.group)
    return 0


def service_file_problem(path: Path) -> str:
    """Why the PAM service file cannot be trusted; "" when it can."""
    try:
        status = path.stat()
    except OSError:
        return say("auth.pam-no-service-file", path=path)
    if status.st_uid != 0 or status.st_mode & 0o022:
        return say("auth.pam-service-file-rights", path=path)
    return ""


def serve(path: Path, client_uid: int, group: str) -> None:
    """Answers for ever; each question in a thread of its own (the client bounds their number)."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        os.umask(0o177)
        listener.bind(str(path))
        os.chown(path, client_uid, -1)
        listener.listen(16)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, client_uid, group), daemon=True).start()


def _answer(connection: socket.socket, client_uid: int, group: str) -> None:
    with connection:
        connection.settimeout(ANSWER_S)
        try:
            if peer_uid(connection) not in (client_uid, 0):
                return
            with connection.makefile("rb") as lines:
                question = json.loads(lines.readline(QUESTION_BYTES))
            role = verify(question["user"], question["password"], group)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            role = None
        answer = {"ok": role is not None, "role": role}
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps(answer).encode() + b"\n")


def verify(user: str, password: str, group: str) -> Role | None:
    """Asks PAM for the password and the account; the role follows from the groups."""
    authenticator = pam.PamAuthenticator()
    if not authenticator.authenticate(user, password, service=SERVICE, resetcreds=False):
        return None
    try:
        groups = groups_of(pwd.getpwnam(user).pw_uid)
    except KeyError:
        return None
    if admin_group(group) in groups:
        return Role.ADMIN
    return Role.VIEWER if group in groups else None


if __name__ == "__main__":
    sys.exit(main())
