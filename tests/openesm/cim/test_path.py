"""Instance paths: when two name the same instance, and how one is spelled."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openesm.cim.path import KeyValue, Path, normal_namespace
from openesm.cim.values import DateTime

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
keys = st.dictionaries(
    names.map(str.lower), st.text(max_size=12) | st.integers() | st.booleans(), min_size=1, max_size=5
)
DISK = Path.of("ESM_StorageThread", {"DeviceID": "sda", "SystemName": "h"}, "root/ESMPRO/AS")
quick = settings(deadline=None)


@quick
@given(keys.flatmap(lambda found: st.tuples(st.just(found), st.permutations(list(found.items())))), names)
def test_order_case_and_host_do_not_matter(
    bindings: tuple[dict[str, KeyValue], list[tuple[str, KeyValue]]], classname: str
) -> None:
    plain, shuffled = bindings
    here = Path.of(classname, plain, "n")
    there = Path(classname.swapcase(), tuple((name.upper(), value) for name, value in shuffled), "N", "host")
    assert there.identity == here.identity
    assert hash(there.identity) == hash(here.identity)
    assert there.local_identity == here.local_identity


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            Path.of("ESM_StorageThread", {"DeviceID": "SDA", "SystemName": "h"}, "root/ESMPRO/AS"), id="case"
        ),
        pytest.param(Path.of("ESM_StorageThread", {"DeviceID": "sda"}, "root/ESMPRO/AS"), id="a key less"),
        pytest.param(
            Path.of("ESM_DiskThread", {"DeviceID": "sda", "SystemName": "h"}, "root/ESMPRO/AS"), id="class"
        ),
        pytest.param(
            Path.of("ESM_StorageThread", {"DeviceID": "sda", "SystemName": "h"}, "root"), id="namespace"
        ),
    ],
)
def test_another_instance(other: Path) -> None:
    assert other.identity != DISK.identity


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param("1", 1, id="text and number"),
        pytest.param(True, 1, id="true and one"),
        pytest.param(False, 0, id="false and zero"),
        pytest.param("TRUE", True, id="text and boolean"),
        pytest.param(DISK, str(DISK), id="reference and its text"),
    ],
)
def test_key_values_of_another_type_differ(one: KeyValue, two: KeyValue) -> None:
    assert Path.of("C", {"K": one}).identity != Path.of("C", {"K": two}).identity


def test_reference_keys_compare_as_paths() -> None:
    same = Path.of("esm_storagethread", {"SYSTEMNAME": "h", "deviceid": "sda"}, "ROOT/esmpro/as")
    assert Path.of("A", {"Part": DISK}).identity == Path.of("A", {"Part": same}).identity


@pytest.mark.parametrize(
    ("bindings", "text"),
    [
        pytest.param({"DeviceID": "sda", "N": 7}, 'C.DeviceID="sda",N=7', id="text and number"),
        pytest.param({"K": True}, "C.K=TRUE", id="boolean"),
        pytest.param({"K": 'a"b\\c'}, 'C.K="a\\"b\\\\c"', id="quotes and backslashes"),
        pytest.param({"K": ""}, 'C.K=""', id="empty text"),
        pytest.param({"K": -1.5}, "C.K=-1.5", id="real"),
        pytest.param(
            {"K": DateTime.parse("20260101000000.000000+000")},
            'C.K="20260101000000.000000+000"',
            id="datetime",
        ),
        pytest.param(
            {"K": Path.of("D", {"X": 'q"'}, "n")}, 'C.K="n:D.X=\\"q\\\\\\"\\""', id="reference, escaped twice"
        ),
    ],
)
def test_spelling(bindings: Mapping[str, KeyValue], text: str) -> None:
    assert str(Path.of("C", bindings)) == text
    assert str(Path.of("C", bindings, "root/x")) == f"root/x:{text}"


def test_keys_in_any_case() -> None:
    assert DISK.get("deviceid") == "sda"
    assert DISK.get("absent") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("root/ESMPRO/AS", "root/esmpro/as"),
        ("/root/interop/", "root/interop"),
        ("interop", "interop"),
        ("root//interop", "root//interop"),
        ("", ""),
    ],
)
def test_namespaces_compare(text: str, expected: str) -> None:
    assert normal_namespace(text) == expected
