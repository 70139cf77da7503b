"""SEC-40: entity bombs are refused at once and in little memory."""

from __future__ import annotations

import time

import pytest

from esmd.wbem.cimxml.xml import parse
from esmd.wbem.http1 import HttpError
from tests.running import RunningAgent
from tests.security.wire import ask, call, request

BUDGET_S = 0.05
MOST_BYTES = 20 << 20


def laughs(levels: int, times: int) -> str:
    entities = ['<!ENTITY e0 "ha">']
    entities += [f'<!ENTITY e{n} "{f"&e{n - 1};" * times}">' for n in range(1, levels)]
    return f"<!DOCTYPE CIM [{''.join(entities)}]>"


BOMBS = {
    "billion laughs": (laughs(10, 10), "&e9;"),
    "a hundred levels": (laughs(100, 2), "&e99;"),
    "quadratic": (f'<!DOCTYPE CIM [<!ENTITY a "{"x" * 50000}">]>', "&a;" * 50000),
    "recursive": ('<!DOCTYPE CIM [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', "&a;"),
    "parameter entities": ("<!DOCTYPE CIM [<!ENTITY % a \"<!ENTITY b 'x'>\"> %a;]>", "&b;"),
    "default attributes": ("<!DOCTYPE CIM [<!ATTLIST CIM a CDATA 'x'>]>", ""),
    "only a name": ("<!DOCTYPE CIM>", ""),
}


@pytest.mark.parametrize("before", ["", "<!--x-->" * 3000, "<?p?>" * 3000 + "\n", "<!--" * 3000], ids=len)
def test_sec_40_whatever_stands_before_it(before: str) -> None:
    started = time.thread_time()
    with pytest.raises(HttpError) as refused:
        parse((before + "<!DOCTYPE CIM><CIM/>").encode())
    assert refused.value.status == 400
    assert time.thread_time() - started < BUDGET_S


@pytest.mark.parametrize("text", ["<![CDATA[<!DOCTYPE x>]]>", "<!--<!DOCTYPE x>-->", "&lt;!DOCTYPE x>"])
def test_sec_40_the_word_alone_is_no_harm(text: str) -> None:
    assert parse(f"<CIM>{text}</CIM>".encode()).tag == "CIM"


def body(bomb: str) -> bytes:
    doctype, use = BOMBS[bomb]
    text = call().decode()
    return text.replace("<CIM ", f"{doctype}<CIM ", 1).replace('ID="7"', f'ID="{use}"').encode()


@pytest.mark.parametrize("bomb", BOMBS)
def test_sec_40_refused_in_no_time(bomb: str) -> None:
    raw = body(bomb)
    spent = []
    for _ in range(3):
        started = time.thread_time()
        with pytest.raises(HttpError) as refused:
            parse(raw)
        spent.append(time.thread_time() - started)
        assert refused.value.status == 400
        assert refused.value.cim_error in ("request-not-valid", "request-not-well-formed")
    assert min(spent) < BUDGET_S


@pytest.mark.parametrize("bomb", BOMBS)
def test_sec_40_at_the_agent(agent: RunningAgent, bomb: str) -> None:
    assert ask(agent, request()).status == 200
    before = agent.rss_bytes()
    answer = ask(agent, request(body(bomb)))
    assert answer.status == 400
    assert agent.rss_bytes() - before < MOST_BYTES
