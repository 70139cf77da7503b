"""esmctl listen, as agents and other tools send to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pywbem

from esmctl.main import main
from indications.delivery.export import encode
from openesm.cim.values import Instance, TypedValue
from openesm.text import LANGUAGES, catalogue
from tests.esmctl.listening import HEADERS, Listener, alert, listening, request, send


def test_texts() -> None:
    for name, texts in catalogue("listen").items():
        fields = {tuple(sorted(re.findall(r"{(\w+)}", texts[language]))) for language in LANGUAGES}
        assert len(fields) == 1, name


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """A listener over HTTP whose output nobody looks at."""
    with listening(tmp_path_factory.mktemp("shared"), "--http") as listener:
        reader = threading.Thread(target=lambda: listener.process.stdout and listener.process.stdout.read())
        reader.start()
        yield listener
        listener.process.send_signal(signal.SIGINT)
        reader.join()


def test_a_line_for_each_and_a_clean_end(tmp_path: Path) -> None:
    with listening(tmp_path, "--http") as listener:
        send(listener, *(request(encode(alert(number), "1")) for number in (4, 5)))
        time, rest = "2026-11-25 03:58:53  ", "host.example  ESMCPUPERF/C0000065  CPU load is high  #"
        assert listener.lines(2) == [f"{time}Critical  {rest}4", f"{time}Critical  {rest}5"]
        code, shown = listener.end()
        assert code == 0
        assert shown == [
            "2 received, 0 lost, 0 out of order, 0 duplicates, 0 without a number. Nothing is missing."
        ]


@pytest.mark.parametrize(
    ("numbers", "expected", "code"),
    [
        pytest.param([0, 1, 1], "  ! #1 of host.example came again (run)", 0, id="duplicate"),
        pytest.param([0, 2], "  ! 1 missing before #2 of host.example (run)", 3, id="lost"),
        pytest.param([0, 2, 1], "  ! #1 of host.example came late (run)", 3, id="reordered"),
    ],
)
def test_what_is_wrong_is_said_at_once(tmp_path: Path, numbers: list[int], expected: str, code: int) -> None:
    with listening(tmp_path, "--http") as listener:
        send(listener, *(request(encode(alert(number), "1")) for number in numbers))
        remarks = 2 if numbers == [0, 2, 1] else 1
        assert listener.lines(len(numbers) + remarks)[-1] == expected
        assert listener.end(signal.SIGTERM)[0] == code


def test_japanese(tmp_path: Path) -> None:
    with listening(tmp_path, "--http", language="ja_JP.UTF-8") as listener:
        send(listener, request(encode(alert(0, "温度が高い"), "1")))
        assert "  異常  host.example  ESMCPUPERF/C0000065  温度が高い  #0" in listener.lines(1)[0]
        assert "欠落はありません" in listener.end()[1][0]


def test_nothing_steers_the_terminal(tmp_path: Path) -> None:
    hostile = "\x9b2J\u202e\x7f\r\nnext line\x1b]0;x\x07"
    with listening(tmp_path, "--http") as listener:
        first = alert(0, hostile)
        names = {"SystemName", "EventID", "SequenceContext"}
        wrong = {name: TypedValue(hostile, "string") for name in names}
        send(listener, request(encode(first, "1")))
        for number in 0, 2:
            numbered = {**wrong, "SequenceNumber": TypedValue(number, "sint64")}
            send(listener, request(encode(Instance("X", {**first.properties, **numbered}), "1")))
        lines = listener.lines(4)
    assert all(line.isprintable() for line in lines)
    assert "next line" in lines[0]


def test_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    with listening(tmp_path, "--http", encoding="ascii") as listener:
        send(listener, request(encode(alert(0, "温度"), "1")))
        assert "  \\u6e29\\u5ea6  #0" in listener.lines(1)[0]


def test_json(tmp_path: Path) -> None:
    with listening(tmp_path, "--http", "--json") as listener:
        send(listener, *(request(encode(alert(number, "\x9b温"), "1")) for number in (0, 2)))
        first, second = (json.loads(line) for line in listener.lines(2))
        code, rest = listener.end()
    assert (first["kind"], first["class"], first["sequence"]) == (
        "indication",
        "ESM_AlertIndication",
        "first",
    )
    assert (second["sequence"], second["missing"]) == ("gap", 1)
    assert first["properties"]["Message"] == "\x9b温"
    assert first["properties"]["EventTime"] == "20261125035853.000000+540"
    assert first["properties"]["MessageArguments"] == ["97", None]
    assert (code, json.loads(rest[0])["lost"], json.loads(rest[0])["clean"]) == (3, 1, False)


def test_count_and_broken_pipe(tmp_path: Path) -> None:
    with listening(tmp_path, "--http", "--count", "2") as listener:
        send(listener, *(request(encode(alert(number), "1")) for number in (0, 1)))
        assert listener.process.wait(10) == 0
    with listening(tmp_path, "--http") as listener:
        assert listener.process.stdout
        listener.process.stdout.close()
        ((status, _, body),) = send(listener, request(encode(alert(0), "1")))
        assert (status, b'<ERROR CODE="1"' in body) == (200, True)
        assert listener.process.wait(10) == 1


# -- other senders


@pytest.fixture
def own_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that requests prefers to what pywbem tells it."""
    for name in "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE":
        monkeypatch.delenv(name, raising=False)


@pytest.mark.needs("openssl")
@pytest.mark.usefixtures("own_authorities")
def test_pywbem_over_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    with listening(tmp_path / "deep" / "er") as listener:
        cert = listener.folder / "listener.pem"
        assert (listener.folder / "listener.key").stat().st_mode & 0o777 == 0o600
        pin = re.search(r"esmctl destination trust NAME pin sha256:([0-9a-f]{64})\n", listener.told[2])
        assert pin
        with socket.create_connection(("127.0.0.1", listener.port), 10) as raw:
            context = ssl.create_default_context(cafile=str(cert))
            with context.wrap_socket(raw, server_hostname="localhost") as tls:
                der = tls.getpeercert(binary_form=True)
        assert der == ssl.PEM_cert_to_DER_cert(cert.read_text())
        connection = pywbem.WBEMConnection(listener.url, ca_certs=str(cert))
        indication = pywbem.CIMInstance("CIM_AlertIndication", {"Message": "from pywbem", "EventID": "E1"})
        for _ in range(3):
            connection.ExportIndication(indication)
        connection.close()
        assert all(line.endswith("127.0.0.1  E1  from pywbem") for line in listener.lines(3))
        assert "3 without a number" in listener.end()[1][0]
    with listening(tmp_path / "deep" / "er") as again:
        assert again.told[2] == listener.told[2]


@pytest.mark.needs("curl")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(["--data-binary", "@body"], "200", id="POST"),
        pytest.param(["--data-binary", "@body", "-H", "Transfer-Encoding: chunked"], "200", id="chunked"),
        pytest.param(["--data-binary", "@body", "-H", "Expect: 100-continue"], "200", id="expects"),
        pytest.param(["--data-binary", "@body", "--http1.0"], "200", id="HTTP/1.0"),
        pytest.param([], "405", id="GET"),
        pytest.param(["-T", "body"], "405", id="PUT"),
        pytest.param(["--data-binary", "nonsense"], "400", id="nonsense"),
    ],
)
def test_curl(shared: Listener, tmp_path: Path, options: list[str], expected: str) -> None:
    (tmp_path / "body").write_bytes(encode(alert(None), "1"))
    headers = [word for header in HEADERS[1:] for word in ("-H", header)]
    argv = ["curl", "-s", "-m", "10", "-o", "answer", "-w", "%{http_code}", *headers, *options]
    done = subprocess.run([*argv, f"{shared.url}/any/path"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == expected
    assert (expected == "200") == (b"EXPMETHODRESPONSE" in (tmp_path / "answer").read_bytes())


def test_one_connection_takes_many_and_answers_in_order(shared: Listener) -> None:
    requests = [request(encode(alert(None), f"id{number}")) for number in range(50)]
    for number, (status, head, body) in enumerate(send(shared, *requests)):
        assert status == 200
        assert "CIMExport: MethodResponse" in head
        assert f'MESSAGE ID="id{number}"'.encode() in body
        assert b"<ERROR" not in body


def test_m_post(shared: Listener) -> None:
    man = "http://www.dmtf.org/cim/mapping/http/v1.0"
    headers = (*HEADERS[:2], f"Man: {man};ns=40", "40-CIMExport: MethodRequest")
    extended = (*headers, "40-CIMExportMethod: ExportIndication")
    ((status, head, _),) = send(
        shared, request(encode(alert(None), "1"), line="M-POST /x HTTP/1.1", headers=extended)
    )
    assert status == 200
    assert f"Man: {man}; ns=40\r\n40-CIMExport: MethodResponse" in head


def test_many_senders_at_once(shared: Listener) -> None:
    with ThreadPoolExecutor(32) as pool:
        one = request(encode(alert(None), "1"))
        got = list(pool.map(lambda _: send(shared, one, one)[1][0], range(128)))
    assert got == [200] * 128


@pytest.mark.needs("openssl")
@pytest.mark.usefixtures("own_authorities")
def test_a_silent_sender_stops_nobody(tmp_path: Path) -> None:
    with listening(tmp_path) as listener, contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), 10))
        connection = pywbem.WBEMConnection(listener.url, ca_certs=str(tmp_path / "listener.pem"), timeout=5)
        connection.ExportIndication(pywbem.CIMInstance("CIM_AlertIndication", {"Message": "x"}))
        connection.close()


# -- bad input

GOOD = encode(alert(None), "1")
CALL = b'<EXPMETHODCALL NAME="ExportIndication">'


def without(name: str) -> tuple[str, ...]:
    return tuple(header for header in HEADERS if not header.startswith(f"{name}:"))


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        pytest.param(request(GOOD, line="GET / HTTP/1.1"), 405, "Allow: POST, M-POST", id="GET"),
        pytest.param(request(GOOD, line="BREW / HTTP/1.1"), 501, "", id="unknown method"),
        pytest.param(b"nonsense\r\n\r\n", 400, "", id="nonsense"),
        pytest.param(request(GOOD, headers=without("Host")), 400, "", id="no host"),
        pytest.param(request(GOOD, headers=without("Content-Type")), 400, "", id="no type"),
        pytest.param(request(GOOD, headers=without("CIMExport")), 400, "", id="no CIMExport"),
        pytest.param(
            request(GOOD, headers=without("CIMExportMethod")), 400, "header-mismatch", id="no method"
        ),
        pytest.param(
            request(GOOD, headers=(*HEADERS, "CIMOperation: MethodCall")),
            400,
            "unsupported-operation",
            id="both",
        ),
        pytest.param(
            request(GOOD, headers=(*HEADERS, "CIMExportBatch: x")),
            501,
            "multiple-requests-unsupported",
            id="batch",
        ),
        pytest.param(request(GOOD, headers=(*HEADERS, "Content-Encoding: gzip")), 415, "", id="compressed"),
        pytest.param(request(b"", length=2**21), 413, "", id="too long"),
        pytest.param(request(GOOD[:-9]), 400, "request-not-well-formed", id="cut off"),
        pytest.param(request(b"<CIM/>"), 400, "request-not-valid", id="nothing in it"),
        pytest.param(request(b"<a>" * 9999), 400, "request-not-valid", id="deep"),
        pytest.param(
            request(b'<!DOCTYPE a [<!ENTITY b "c">]>' + GOOD[39:]), 400, "request-not-valid", id="doctype"
        ),
        pytest.param(
            request(GOOD.replace(b'DTDVERSION="2', b'DTDVERSION="3')),
            501,
            "unsupported-dtd-version",
            id="DTD 3",
        ),
        pytest.param(
            request(GOOD.replace(b'N="1.0"', b'N="2.0"')),
            501,
            "unsupported-protocol-version",
            id="protocol 2",
        ),
    ],
)
def test_refused_by_http(shared: Listener, sent: bytes, status: int, error: str) -> None:
    ((got, head, body),) = send(shared, sent)
    assert (got, body) == (status, b"")
    assert error in head
    assert "Connection: close" in head


@pytest.mark.parametrize(
    ("body", "method", "code"),
    [
        pytest.param(GOOD.replace(CALL, CALL.replace(b"Export", b"Eat")), "EatIndication", 7, id="method"),
        pytest.param(GOOD.replace(b"NewIndication", b"Old"), "ExportIndication", 4, id="parameter"),
        pytest.param(
            re.sub(rb"<INSTANCE .*</INSTANCE>", b"<VALUE>x</VALUE>", GOOD),
            "ExportIndication",
            4,
            id="no instance",
        ),
        pytest.param(
            re.sub(rb"<EXPPARAMVALUE.*</EXPPARAMVALUE>", b"", GOOD), "ExportIndication", 4, id="no parameter"
        ),
    ],
)
def test_refused_by_cim(shared: Listener, body: bytes, method: str, code: int) -> None:
    headers = (*without("CIMExportMethod"), f"CIMExportMethod: {method}")
    ((status, head, answer),) = send(shared, request(body, headers=headers))
    assert (status, "Connection: close" in head) == (200, False)
    assert f'<EXPMETHODRESPONSE NAME="{method}"><ERROR CODE="{code}" '.encode() in answer


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        pytest.param(["--port", "65536"], 2, "between 0 and 65535", id="port"),
        pytest.param(["--port", "-1"], 2, "between 0 and 65535", id="negative port"),
        pytest.param(["--count", "-1"], 2, "count is not negative", id="count"),
        pytest.param(["--cert", "x"], 2, "--cert and --key go together", id="no key"),
        pytest.param(["--cert", "x", "--key", "x"], 1, "x", id="no certificate"),
        pytest.param(
            ["--http", "--bind", "192.0.2.1", "--port", "0"], 1, "192.0.2.1", id="address of others"
        ),
        pytest.param(["--http", "--bind", "nonsense", "--port", "0"], 1, "nonsense", id="no address"),
    ],
)
def test_wrong_command_lines(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, expected: str
) -> None:
    assert main(["listen", *words]) == code
    complaint = capsys.readouterr().err
    assert expected in complaint
    assert "Traceback" not in complaint


def test_a_port_that_is_taken_names_who_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["listen", "--http", "--bind", "127.0.0.1", "--port", str(port)]) == 1
    assert f"Port {port} is in use by {os.getpid()} (" in capsys.readouterr().err
