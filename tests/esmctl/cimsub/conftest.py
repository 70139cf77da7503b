from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esmctl.cimsub.main import main
from tests.esmctl.cimsub.wbem_server import Address, Book, samples, serving

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def shelf() -> Book:
    """The book that the module's server serves; `book` fills it anew for each test."""
    return samples()


@pytest.fixture(scope="module")
def server(shelf: Book, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with serving(shelf, tmp_path_factory.mktemp("s")) as address:
        yield address


@pytest.fixture
def book(shelf: Book) -> Book:
    fresh = samples()
    shelf.rows, shelf.principal = fresh.rows, fresh.principal
    return shelf


@pytest.fixture
def bare(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line as it is; exit code, output, complaints."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def cimsub(book: Book, server: Address, bare: Run, tmp_path: Path) -> Run:
    """Runs a command line against the server's unix socket."""
    return lambda *words: bare(*words, "--socket", server.socket)
