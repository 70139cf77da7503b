"""Command lines that are refused before any server is asked, in the words of the original."""

from pathlib import Path

import pytest

from openesm import __version__
from tests.esmctl.cimsub.conftest import Run

USE_HELP = "cimsub: Use '--help' to obtain command syntax.\n"
LONG_NAME = "root/x:CIM_ListenerDestinationCIMXML."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "Required option missing."),
        ("-F f", "Required option missing."),
        ("word", 'argument "word" was unexpected'),
        ("-", "Missing required option for -"),
        ("-h", "Unknown flag -h"),
        ("--nosuch", "Unknown flag nosuch"),
        ("-l", "Missing required value for flag l"),
        ("-l -v", "Missing required value for flag l"),
        ("-l x", 'argument "x" is not valid for option "-l"'),
        ("-l sf", 'argument "sf" is not valid for option "-l"'),
        ("-ls extra", 'argument "extra" was unexpected'),
        ("-ls -n", "Missing required value for flag n"),
        ("--server", "Missing required value for flag server"),
        ("-l s -l s", 'duplicate "-l" option'),
        ("-ls -v -v", 'duplicate "-v" option'),
        ("-ls -vv", 'duplicate "-v" option'),
        ("-ls -n a -n b", 'duplicate "-n" option'),
        ("-ls -F a -F b", 'duplicate "-F" option'),
        ("-e -e", 'duplicate "-e" option'),
        ("-d -e", 'option "-e" was unexpected'),
        ("-ed -F f -H h", 'option "-d" was unexpected'),
        ("-v", 'option "-v" was unexpected'),
        ("-v -ls", 'option "-v" was unexpected'),
        ("-e -v", 'option "-v" was unexpected'),
        ("-lf -H h", 'option "-H" was unexpected'),
        ("-lh -F f", 'option "-F" was unexpected'),
        ("-lh -H .1", 'argument ".1" is not valid for option "-H"'),
        ("-ls -F :f", 'argument ":f" is not valid for option "-F"'),
        ("-ls -F root/x:", 'argument "root/x:" is not valid for option "-F"'),
        ("-ls -H :h", 'argument ":h" is not valid for option "-H"'),
        ("-ls -H root/x:.h", 'argument "root/x:.h" is not valid for option "-H"'),
        ("-ls -H root/x:.", 'argument "root/x:." is not valid for option "-H"'),
        ("-ls -H .", 'argument "." is not valid for option "-H"'),
        (f"-ls -H {LONG_NAME}", f'argument "{LONG_NAME}" is not valid for option "-H"'),
        ("-ls -Q q", 'option "-Q" was unexpected'),
        ("-e -F f", 'the "-H" option is required'),
        ("-d -H h", 'the "-F" option is required'),
        ("-r s", 'the "-F" option is required'),
        ("-r a -F f", 'the "-H" option is required'),
        ("-r f", 'the "-F" option is required'),
        ("-r h", 'the "-H" option is required'),
        ("-r f -F f -H h", 'option "-H" was unexpected'),
        ("-r h -F f -H h", 'option "-F" was unexpected'),
        ("-r x", 'argument "x" is not valid for option "-r"'),
        ("-c f name", 'the "-Q" option is required'),
        ("-c f -Q q", "Required option missing."),
        ("-c f -Q q one two", 'argument "two" was unexpected'),
        ("-c f -F f -Q q", 'option "-F" was unexpected'),
        ("-c f name -Q q -D d", 'option "-D" was unexpected'),
        ("-c f -Q q -n root/x name", 'option "-n" was unexpected'),
        ("-c s -F f", 'the "-H" option is required'),
        ("-c s -H h", 'the "-F" option is required'),
        ("-c x", 'argument "x" is not valid for option "-c"'),
        ("-c h", "Required option missing."),
        ("-c h name", 'the "-D" option is required'),
        ("-c h name -T host", 'option "-T" was unexpected'),
        ("-c h name -D d -M m", 'option "-M" was unexpected'),
        ("-c h Other.name -D d", 'argument "Other.name" was unexpected'),
        ("-c h PG_ListenerDestinationSystemLog.n -D d", 'option "-D" was unexpected'),
        ("-c h PG_ListenerDestinationEmail.n -S s", 'the "-M" option is required'),
        ("-c h PG_ListenerDestinationEmail.n -M m", 'the "-S" option is required'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -V 3", 'the "-T" option is required'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -T t", 'the "-V" option is required'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -T t -V 9", 'argument "9" is not valid for option "-V"'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -T t -V ٣", 'argument "٣" is not valid for option "-V"'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -T t -V 2 -P x", 'argument "x" is not valid for option "-P"'),
        ("-c h PG_IndicationHandlerSNMPMapper.n -T t -V 2 -C c", 'option "-C" was unexpected'),
        ("-b file -F f", 'option "-F" was unexpected'),
        ("--help --help", 'option "-help" was unexpected'),
        ("-lh --help", 'option "-help" was unexpected'),
        ("--help -l s", 'option "-l" was unexpected'),
        ("--help -v", 'option "-v" was unexpected'),
        ("--version -n root/x", 'option "-n" was unexpected'),
        ("--version --version", 'option "-version" was unexpected'),
    ],
)
def test_syntax(bare: Run, line: str, reason: str) -> None:
    assert bare(*line.split()) == (
        1,
        "",
        f"cimsub: {reason}\ncimsub: Use '--help' to obtain command syntax.\n",
    )


def test_version(bare: Run) -> None:
    assert bare("--version") == (0, "", f"Version {__version__}\n")


@pytest.mark.parametrize(("locale", "word"), [("C", "Usage: cimsub"), ("ja_JP.UTF-8", "使い方: cimsub")])
def test_help(bare: Run, monkeypatch: pytest.MonkeyPatch, locale: str, word: str) -> None:
    monkeypatch.setenv("LANG", locale)
    code, out, err = bare("--help")
    assert (code, out) == (0, "")
    assert word in err
    assert all(f" -{letter}" in err for letter in "clrbedvnFHQLNDMCSTUPVE")


def test_words_of_the_original_in_every_language(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert bare("-l")[2].startswith("cimsub: Missing required value for flag l\n")


@pytest.mark.parametrize(
    ("content", "code", "out", "complaints"),
    [
        pytest.param("", 0, "", "", id="empty"),
        pytest.param("# a remark\n\n   \n", 0, "", "", id="nothing to do"),
        pytest.param(
            "cimsub -cf B1 -Q \"SELECT * FROM A WHERE b = 'c d'\"\n cimsub -lf -F B1\n",
            0,
            "\nFILTER              QUERY\nroot/PG_InterOp:B1  \"SELECT * FROM A WHERE b = 'c d'\"\n\n",
            "",
            id="quoted words",
        ),
        pytest.param(
            "cimsub -rf -F none\ncimsub -rf -F F4\ncimsub -lf -F F4\n",
            6,
            "The requested filter could not be found.\n\n\n\n",
            "",
            id="goes on after what is not there",
        ),
        pytest.param(
            "-rf -F F4\ncimsub -l x\ncimsub -ls\n",
            1,
            "\n",
            'cimsub: argument "x" is not valid for option "-l"\n'
            + USE_HELP
            + "cimsub: FILE: stopped at line 2\n",
            id="stops at a syntax error, and does nothing twice",
        ),
        pytest.param(
            "cimsub -rf -F F1\ncimsub -ls\n",
            1,
            "",
            "CIM_ERR_FAILED: it is used\ncimsub: FILE: stopped at line 1\n",
            id="stops at a refusal",
        ),
        pytest.param(
            'cimsub -cf "B1',
            1,
            "",
            "cimsub: a quotation mark is not closed\n" + USE_HELP + "cimsub: FILE: stopped at line 1\n",
            id="open quote",
        ),
        pytest.param(
            "cimsub -b other\n",
            1,
            "",
            'cimsub: option "-b" was unexpected\n' + USE_HELP + "cimsub: FILE: stopped at line 1\n",
            id="batch in a batch",
        ),
        pytest.param(
            "cimsub -ls --server http://127.0.0.1:1\n",
            1,
            "",
            'cimsub: option "--server" was unexpected\n' + USE_HELP + "cimsub: FILE: stopped at line 1\n",
            id="another server",
        ),
        pytest.param(
            "esmctl -rf -F F4\n",
            1,
            "",
            'cimsub: argument "esmctl" was unexpected\n' + USE_HELP + "cimsub: FILE: stopped at line 1\n",
            id="another program",
        ),
        pytest.param("cimsub --version", 0, "\n", f"Version {__version__}\n", id="version"),
    ],
)
def test_batch(cimsub: Run, tmp_path: Path, content: str, code: int, out: str, complaints: str) -> None:
    file = tmp_path / "batch"
    file.write_text(content)
    assert cimsub("-b", file) == (code, out, complaints.replace("FILE", str(file)))


def test_namespace_of_a_whole_batch(cimsub: Run, tmp_path: Path) -> None:
    file = tmp_path / "batch"
    file.write_text('cimsub -cf root/PG_InterOp:B1 -Q "SELECT"\ncimsub -lf -F B1\n')
    out = '\nFILTER         QUERY\nroot/cimv2:B1  "SELECT"\n\n'
    assert cimsub("-b", file, "-n", "root/cimv2") == (0, out, "")
    file.write_text("cimsub -lf -n root/PG_InterOp -F B1\n")
    assert cimsub("-n", "root/cimv2", "-b", file) == (0, out[1:], "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cimsub: FILE: No such file or directory.\n"),
        (b"\xff", "cimsub: the batch file is not UTF-8 text\n"),
    ],
    ids=["missing", "not text"],
)
def test_batch_that_cannot_be_read(cimsub: Run, tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "batch"
    if content is not None:
        file.write_bytes(content)
    assert cimsub("-b", file) == (1, "", reason.replace("FILE", str(file)))
