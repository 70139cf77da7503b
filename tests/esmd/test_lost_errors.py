"""What nobody waits for any more is no traceback, unless it is an error of the agent."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl

import pytest

from esmd.main import note_lost_error


@pytest.mark.parametrize(
    ("lost", "is_told"),
    [(ssl.SSLError("refused"), False), (ConnectionResetError(), False), (ValueError("ours"), True)],
)
def test_futures_that_nobody_asks(caplog: pytest.LogCaptureFixture, lost: Exception, is_told: bool) -> None:
    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(note_lost_error)
        loop.create_future().set_exception(lost)
        gc.collect()

    with caplog.at_level(logging.INFO):
        asyncio.run(leave())
    assert bool(caplog.records) is is_told
