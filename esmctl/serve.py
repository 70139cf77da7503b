"""Starts an agent from the source tree: makes what it needs, then becomes `esmd`.

`python -m esmctl.serve [--config FILE] [--state DIR] [--port-offset N] [options of esmd]`. A process beside
it waits for the agent and prints what to try, then `openesm: ready`.
"""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

from esmctl.failure import FailureError
from esmctl.password import random_password
from esmd.auth.users import PASSWORD_BYTES, Role, User, Users, change, hash_password, is_password
from esmd.tls import TlsError, certificate_names, ensure_certificate
from openesm import atomic
from openesm.settings import ProblemsError, Settings, load, with_overrides
from openesm.settings.edit import with_value
from openesm.text import locale_language, say

ADMIN = "admin"
PORTS = {"http_port": 5988, "https_port": 5989, "wsman_port": 5986}
_CONFIG = """\
# An agent for trying and developing: this machine only.
[listen]
http_port = 5988
https_port = 5989
wsman_port = 5986

[auth]
allow_plaintext_loopback = true

[state]
dir = "state"
socket = "esmd.sock"
"""
_QUERY = (
    '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1"'
    ' PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH>'
    '<NAMESPACE NAME="root"/><NAMESPACE NAME="ESMPRO"/><NAMESPACE NAME="AS"/></LOCALNAMESPACEPATH>'
    '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="ESM_GeneralInformation"/></IPARAMVALUE>'
    "</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
)
_ENUMERATE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:e="http://schemas.xmlsoap.org/ws/2004/09/enumeration"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
    "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action>"
    "<a:MessageID>uuid:1</a:MessageID><w:ResourceURI>"
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/ESM_GeneralInformation</w:ResourceURI></s:Header>"
    "<s:Body><e:Enumerate><w:OptimizeEnumeration/></e:Enumerate></s:Body></s:Envelope>"
)


def main() -> int:
    """Becomes the agent; 1 when something it needs cannot be made."""
    args, rest = _parser().parse_known_args()
    try:
        folder = args.state.absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_lock(folder)
        if args.config:
            config, offset = args.config.absolute(), args.port_offset or 0
            settings = with_overrides(load(config), state_dir=folder, port_offset=offset)
            rest += ["--state", str(folder), "--port-offset", str(offset)]
        else:
            config = prepare(folder, args.port_offset)
            settings = load(config)
        settings.state.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        ensure_certificate(settings.tls, certificate_names(settings.host.system_name))
        _show(prepare_admin(settings.auth.users_file, os.environ.get("OPENESM_PASSWORD")))
    except (FailureError, ProblemsError, TlsError) as failed:
        sys.stderr.write(f"openesm: {failed.text(locale_language())}\n")
        return 1
    except OSError as failed:
        sys.stderr.write(f"openesm: {say('esmctl.os-error', file=failed.filename, reason=failed.strerror)}\n")
        return 1
    announce_when_ready(invitation(settings))
    os.environ.pop("OPENESM_PASSWORD", None)
    argv = [sys.executable, "-m", "esmd", "--config", str(config), *rest]
    return os.execv(sys.executable, argv)  # noqa: S606  our own program, no shell meant


def prepare(folder: Path, port_offset: int | None) -> Path:
    """The configuration in the folder, made when missing; its ports change only when an offset is given."""
    config = folder / "esmd.toml"
    text = config.read_text("utf-8") if config.exists() else _CONFIG
    if port_offset is not None:
        for name, port in PORTS.items():
            text = with_value(text, "listen", name, port + port_offset)
    if not config.exists() or config.read_text("utf-8") != text:
        atomic.write(config, text.encode(), 0o600)
    return config


def prepare_admin(users_file: Path, password: str | None) -> str:
    """Sees to the administrator, with the password given or a made one; the line to show, "" for none."""
    if password is None:
        made = random_password()
        if Users.load(users_file).get(ADMIN):
            return ""
        _set_password(users_file, made)
        return say("esmctl.serve-password", password=made.decode())
    word = password.encode("utf-8", "surrogateescape")
    if not is_password(word):
        raise FailureError.of("serve-bad-password", most=PASSWORD_BYTES)
    users = Users.load(users_file)
    known = users.get(ADMIN)
    if not (known and known.role is Role.ADMIN and users.verify(known, word)):
        _set_password(users_file, word)
    return say("esmctl.serve-password-set")


def keep_lock(folder: Path) -> None:
    """Locks the folder until this process, or the program it becomes, ends."""
    try:
        descriptor = atomic.acquire(folder / "server.lock", wait_s=0)
    except atomic.LockedError as held:
        raise FailureError.of("serve-locked", dir=folder, holder=held.holder) from held
    os.set_inheritable(descriptor, True)


def invitation(settings: Settings) -> str:
    """Queries to paste into a shell."""
    listen = settings.listen
    url, wsman = f"localhost:{listen.https_port}", f"https://localhost:{listen.wsman_port}/wsman"
    query = "root/ESMPRO/AS:ESM_GeneralInformation"
    headers = (
        "-H 'CIMOperation: MethodCall' -H 'CIMMethod: EnumerateInstances' -H 'CIMObject: root/ESMPRO/AS'"
    )
    login = f"--ca-certs {shlex.quote(str(settings.tls.cert))} -u {ADMIN} -p PASSWORD -d root/ESMPRO/AS"
    curl = f"  curl -k -u {ADMIN}:PASSWORD"
    lines = [
        say("esmctl.serve-try"),
        f"  wbemcli -noverify ei 'https://{ADMIN}:PASSWORD@{url}/{query}'",
        f"  {_own_trust()}pywbemcli -s https://{url} {login} instance enumerate ESM_Alive",
        f"{curl} {headers} -H 'Content-Type: application/xml' --data '{_QUERY}' https://{url}/cimom",
    ]
    if listen.wsman_port:
        lines.append(f"{curl} -H 'Content-Type: application/soap+xml' --data '{_ENUMERATE}' {wsman}")
    return "\n".join([*lines, f"  {_esmctl()} --socket {shlex.quote(str(settings.state.socket))} status"])


def _own_trust() -> str:
    """Takes away what requests, and so pywbem, would trust instead of the certificate that it is given."""
    stronger = [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)]
    return "".join(["env ", *(f"-u {name} " for name in stronger)]) if stronger else ""


def _esmctl() -> str:
    """How the esmctl of this installation is called, which need not be in the PATH."""
    beside = Path(sys.executable).with_name("esmctl")
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m esmctl.main"


def announce_when_ready(text: str) -> None:
    """Leaves a process behind that shows the text once the agent says on OPENESM_READY_FD that it serves."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    os.environ["OPENESM_READY_FD"] = str(writer)
    child = os.fork()
    if child:
        os.close(reader)
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        os.close(writer)
        _announce(reader, text)
    os._exit(0)


def _announce(reader: int, text: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(reader, "rb") as source:
        if source.read().startswith(b"READY=1"):
            _show(f"{text}\nopenesm: ready")


def _show(line: str) -> None:
    if line:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _set_password(users_file: Path, password: bytes) -> None:
    hashed = hash_password(password)

    def edit(users: Users) -> Users:
        if users.get(ADMIN) is None:
            return users.add(User(ADMIN, hashed, Role.ADMIN))
        return users.set_password(ADMIN, hashed).set_role(ADMIN, Role.ADMIN)

    change(users_file, edit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/server", description=say("esmctl.serve-description"), allow_abbrev=False
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=say("esmctl.serve-option-config"))
    parser.add_argument(
        "--state", type=Path, default=Path("run"), metavar="DIR", help=say("esmctl.serve-option-state")
    )
    parser.add_argument("--port-offset", type=int, metavar="N", help=say("esmctl.serve-option-offset"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
