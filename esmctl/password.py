"""Passwords: asked for, read from a file, or made; never on a command line (SEC-66)."""

import argparse
import base64
import getpass
import os
import secrets
import sys
from pathlib import Path

from esmctl.failure import FailureError
from esmd.auth.users import PASSWORD_BYTES, is_password
from openesm.text import say

_RANDOM_BYTES = 13  # 20 characters of base32 are 100 bits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--random", action="store_true", help=say("esmctl.option-random"))
    parser.add_argument("--password-file", type=Path, metavar="FILE", help=say("esmctl.option-password-file"))


def check_arguments(args: argparse.Namespace) -> None:
    """Refuses to make a password that nobody could see, before anything is changed."""
    if args.random and args.password_file is None and not sys.stdout.isatty():
        raise FailureError.of("random-needs-terminal")


def obtain(args: argparse.Namespace) -> bytes:
    """The new password: made, from the file, or typed twice; FailureError when it cannot be one."""
    if args.random:
        return random_password()
    if args.password_file is not None:
        return from_file(args.password_file)
    if not sys.stdin.isatty():
        raise FailureError.of("password-needs-terminal")
    password = getpass.getpass(say("esmctl.ask-password", user=args.name)).encode()
    if password != getpass.getpass(say("esmctl.ask-again")).encode():
        raise FailureError.of("passwords-differ")
    return checked(password)


def deliver(args: argparse.Namespace, password: bytes) -> None:
    """Shows a made password once on the terminal, or writes it to the new file, for its owner only."""
    if not args.random:
        return
    if args.password_file is None:
        sys.stdout.write(say("esmctl.random-password", user=args.name, password=password.decode()) + "\n")
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(args.password_file, flags, 0o600), "wb") as target:
        target.write(password + b"\n")
    sys.stdout.write(say("esmctl.password-written", file=args.password_file) + "\n")


def from_file(path: Path) -> bytes:
    """The first line of the file."""
    with path.open("rb") as source:
        return checked(source.readline(1024).removesuffix(b"\n").removesuffix(b"\r"))


def random_password() -> bytes:
    """20 characters of base32."""
    return base64.b32encode(secrets.token_bytes(_RANDOM_BYTES))[:20].lower()


def checked(password: bytes) -> bytes:
    """The password, or FailureError when nobody could log in with it."""
    if not is_password(password):
        raise FailureError.of("bad-password", most=PASSWORD_BYTES)
    return password
