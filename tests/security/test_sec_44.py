"""SEC-44: a body is parsed once, when all of it is there; big tokens in many pieces cost nothing extra."""

from __future__ import annotations

import pytest

from tests.running import RunningAgent
from tests.security.wire import Wire, call, request

TOKEN = 1_000_000
PIECES = 2000
BUDGET_S = 2.0


def big(kind: str) -> bytes:
    text = call().decode()
    filler = "x" * TOKEN
    return {
        "comment": text.replace("<CIM ", f"<!--{filler}--><CIM ", 1),
        "text": text.replace("<SIMPLEREQ>", f"<SIMPLEREQ>{filler}", 1),
        "instruction": text.replace("<CIM ", f"<?a {filler}?><CIM ", 1),
        "unclosed": text.replace("<CIM ", f"<CIM {filler}", 1),
    }[kind].encode()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("kind", ["comment", "text", "instruction", "unclosed"])
def test_sec_44_big_tokens_in_pieces(agent: RunningAgent, kind: str, chunked: bool) -> None:
    body = big(kind)
    size = len(body) // PIECES
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    if chunked:
        head = request(body, without=["Content-Length"], extra=["Transfer-Encoding: chunked"], raw_body=b"")
        pieces = [*(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]
    else:
        head = request(body)[: -len(body)]
    before = agent.cpu_s()
    with agent.connect() as connected:
        wire = Wire(connected).send(head)
        for piece in pieces:
            wire.send(piece)
        answer = wire.answer()
    assert answer is not None
    assert answer.status in (200, 400)
    assert agent.cpu_s() - before < BUDGET_S


def test_sec_44_chunks_of_one_byte_cost_no_multiple_in_memory(agent: RunningAgent) -> None:
    body = call()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    raw = request(body, without=["Content-Length"], extra=["Transfer-Encoding: chunked"], raw_body=chunks)
    with agent.connect() as connected:
        answer = Wire(connected).send(raw).answer()
    assert answer is not None
    assert (answer.status, answer.code) == (200, None)
