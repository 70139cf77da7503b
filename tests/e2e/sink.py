"""A sink of WS-Management over HTTPS, in a thread of the tests: it outlives the agents."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from esmd.tls import ensure_certificate
from esmd.wbem.wsman.envelope import answer, fault_text
from esmd.wbem.wsman.events import ACKS
from esmd.wbem.wsman.fault import Fault
from openesm.settings import Tls
from tests.esmd.wbem.wsman.asking import SPACES
from tests.running import eventually


@dataclass(frozen=True)
class Event:
    """What came in one request."""

    root: Element
    target: str
    authorization: str = ""

    @property
    def action(self) -> str:
        return self.header("a:Action")

    def header(self, path: str) -> str:
        found = self.root.find(f"s:Header/{path}", SPACES)
        assert found is not None, ElementTree.tostring(self.root)
        return found.text or ""

    @property
    def instance(self) -> Element:
        """The indication."""
        (body,) = self.root.iterfind("s:Body/*", SPACES)
        event = body.find("w:Event", SPACES)
        return body if event is None else event[0]

    def value(self, name: str) -> str:
        return self.instance.findtext(f"{{*}}{name}") or ""


@dataclass
class Sink:
    """Remembers every event; answers with the acknowledgement `ack`, or without a body where it is "".

    Where it is `refusing`, it answers with the fault that ends a subscription.
    """

    url: str
    certificate: Path
    ack: str = ACKS[0]
    status: int = 200
    refusing: bool = False
    events: list[Event] = field(default_factory=list)

    def at(self, target: str) -> list[Event]:
        return [event for event in self.events if event.target == target]

    def wait_for(self, target: str, count: int) -> list[Event]:
        eventually(lambda: len(self.at(target)) >= count, f"{count} events at {target}", 60)
        return self.at(target)


@contextmanager
def sinking(folder: Path) -> Iterator[Sink]:
    pair = Tls(folder / "sink.pem", folder / "sink.key")
    ensure_certificate(pair, ("localhost", "127.0.0.1"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            root = ElementTree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            event = Event(root, self.path, self.headers.get("Authorization", ""))
            sink.events.append(event)
            body = answer(sink.ack, event.header("a:MessageID"), "").encode() if sink.ack else b""
            if sink.refusing:
                body = fault_text(
                    Fault("wsman:DeliveryRefused", reason="no more"), event.header("a:MessageID"), "en"
                ).encode()
            self.send_response(400 if sink.refusing else sink.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    sink = Sink(f"https://localhost:{server.server_address[1]}", pair.cert)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
