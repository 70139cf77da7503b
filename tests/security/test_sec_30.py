"""SEC-30: TLS 1.2 and 1.3 only; no weak cipher, no compression, no renegotiation."""

from __future__ import annotations

import ssl
import subprocess
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.running import RunningAgent
from tests.security.wire import tls_socket

WEAK = ("RC4", "3DES", "DES-CBC", "NULL", "EXP", "MD5", "ADH", "AECDH", "IDEA", "SEED")


def s_client(agent: RunningAgent, *options: str) -> str:
    argv = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{agent.https_port}",
        "-CAfile",
        str(agent.certificate),
    ]
    done = subprocess.run(
        [*argv, *options], input="", capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(("option", "expected"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_sec_30_what_is_spoken(agent: RunningAgent, option: str, expected: str) -> None:
    shown = s_client(agent, option)
    assert "Verify return code: 0 (ok)" in shown
    assert f"New, {expected}" in shown or f"Protocol  : {expected}" in shown
    assert "Compression: NONE" in shown
    assert "Server Temp Key: X25519" in shown or "Server Temp Key: ECDH" in shown or "Peer Temp Key" in shown


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_sec_30_old_versions_are_refused(agent: RunningAgent, option: str) -> None:
    shown = s_client(agent, option, "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in shown or "no protocols available" in shown


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("cipher", ["NULL", "ADH", "RC4", "3DES", "EXPORT", "MD5", "DES-CBC3-SHA"])
def test_sec_30_weak_ciphers_are_refused(agent: RunningAgent, cipher: str) -> None:
    shown = s_client(agent, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert "Cipher is (NONE)" in shown or "no cipher match" in shown or "no ciphers available" in shown


@pytest.mark.needs("openssl")
def test_sec_30_renegotiation_is_refused(agent: RunningAgent) -> None:
    argv = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{agent.https_port}"]
    done = subprocess.run(argv, input="R\n", capture_output=True, text=True, timeout=20, check=False)
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert "no renegotiation" in done.stderr


@pytest.mark.needs("sslscan")
def test_sec_30_sslscan_finds_nothing(agent: RunningAgent, tmp_path: Path) -> None:
    report = tmp_path / "scan.xml"
    argv = ["sslscan", f"--xml={report}", "--no-colour", f"127.0.0.1:{agent.https_port}"]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    test = ET.parse(report).getroot().find("ssltest")
    assert test is not None
    enabled = {
        f"{p.get('type')} {p.get('version')}" for p in test.iter("protocol") if p.get("enabled") == "1"
    }
    assert enabled == {"tls 1.2", "tls 1.3"}
    ciphers = [cipher.get("cipher", "") for cipher in test.iter("cipher")]
    assert ciphers
    assert not [cipher for cipher in ciphers if any(weak in cipher for weak in WEAK)]
    compression, renegotiation = test.find("compression"), test.find("renegotiation")
    assert compression is None or compression.get("supported") == "0"
    assert renegotiation is not None
    assert renegotiation.get("supported") == "0" or renegotiation.get("secure") == "1"
    assert all(h.get("vulnerable") == "0" for h in test.iter("heartbleed"))


def test_sec_30_python_cannot_get_less(agent: RunningAgent) -> None:
    context = ssl.create_default_context(cafile=str(agent.certificate))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), tls_socket(agent, context):
        pass
