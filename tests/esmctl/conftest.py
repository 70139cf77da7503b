import http.server
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from esmctl.main import main

CONFIG = '# mine\n[listen]\nscope = "loopback" # for now\n[state]\ndir = "state"\nsocket = "esmd.sock"\n'
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in "OPENESM_SOCKET", "OPENESM_CONFIG", "LC_ALL", "LC_MESSAGES", "LANG":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENESM_BCRYPT_COST", "4")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "esmd.toml"
    file.write_text(CONFIG)
    (tmp_path / "state").mkdir(mode=0o700)
    return file


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line on the configuration; exit code, output, complaints."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([*(str(word) for word in words), "--config", str(config)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@dataclass
class Answers:
    """An agent's side of the local socket: what it answers, and what it was asked."""

    status: int = 200
    body: object = field(default_factory=lambda: {"result": {}})
    asked: list[Any] = field(default_factory=list)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Answers]:
    answers = Answers()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers.asked.append((self.path, request["command"]))
            body = answers.body if isinstance(answers.body, bytes) else json.dumps(answers.body).encode()
            self.send_response(answers.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "local"

        def log_message(self, *_: object) -> None:
            return

    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "esmd.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield answers
        server.shutdown()
        thread.join()
