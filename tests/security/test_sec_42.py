"""SEC-42: no depth of elements hurts; more than 64 levels are refused before a tree is built."""

from __future__ import annotations

import time
import tracemalloc
from xml.sax.saxutils import escape

import pytest

from esmd.wbem.cimxml.xml import MAX_DEPTH, parse
from esmd.wbem.http1 import HttpError
from tests.running import RunningAgent
from tests.security.wire import ask, call, request


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


@pytest.mark.parametrize(("depth", "allowed"), [(1, True), (MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_sec_42_the_limit(depth: int, allowed: bool) -> None:
    if allowed:
        assert parse(nested(depth)).tag == "a"
        return
    with pytest.raises(HttpError) as refused:
        parse(nested(depth))
    assert (refused.value.status, refused.value.cim_error) == (400, "request-not-valid")


DEEP = pytest.mark.parametrize("body", [nested(150_000), b"<a>" * 340_000], ids=["closed", "open"])


@DEEP
def test_sec_42_deep_documents_cost_little_time(body: bytes) -> None:
    started = time.thread_time()
    with pytest.raises(HttpError):
        parse(body)
    assert time.thread_time() - started < 0.25


@DEEP
def test_sec_42_deep_documents_cost_little_memory(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(HttpError):
            parse(body)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


def test_sec_42_empty_elements_beside_each_other_are_not_deep() -> None:
    assert len(parse(b"<a>" + b"<b/>" * 1000 + b"</a>")) == 1000


def test_sec_42_embedded_instances_count_too(agent: RunningAgent) -> None:
    text = '<INSTANCE CLASSNAME="X"/>'
    for _ in range(8):
        text = (
            '<INSTANCE CLASSNAME="X"><PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance">'
            f"<VALUE>{escape(text)}</VALUE></PROPERTY></INSTANCE>"
        )
    answer = ask(
        agent, request(call("CreateInstance", f'<IPARAMVALUE NAME="NewInstance">{text}</IPARAMVALUE>'))
    )
    assert (answer.status, answer.cim_error) == (400, "request-not-valid")


def test_sec_42_at_the_agent(agent: RunningAgent) -> None:
    answer = ask(agent, request(nested(140_000)))
    assert (answer.status, answer.cim_error) == (400, "request-not-valid")
    assert ask(agent, request()).status == 200
