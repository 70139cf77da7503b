"""The memory figures of CAU-20, worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from openesm.host import Host
from providers import page_file, physical_memory, virtual_memory

MEMINFO = """MemTotal: {total} kB
MemFree: {free} kB
MemAvailable: {available} kB
SwapTotal: {swap} kB
SwapFree: {swap_free} kB
"""


def machine(root: Path, meminfo: str, swaps: str = "") -> Host:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text(meminfo)
    (root / "proc/swaps").write_text("Filename Type Size Used Priority\n" + swaps)
    return Host(root)


@pytest.mark.parametrize(
    ("total", "free", "available", "swap", "swap_free", "expected"),
    [
        # used, %, pressure %, virtual used, %, page file used, %
        pytest.param(
            8000, 400, 4800, 2000, 1500, (7600, 95, 40, 8100, 81, 500, 25), id="the guide's 95, psutil's 40"
        ),
        pytest.param(1000, 500, 700, 0, 0, (500, 50, 30, 500, 50, 0, 0), id="no swap"),
        pytest.param(1000, 0, 0, 1000, 0, (1000, 100, 100, 2000, 100, 1000, 100), id="all used"),
        pytest.param(1000, 1000, 1000, 1000, 1000, (0, 0, 0, 0, 0, 0, 0), id="nothing used"),
        pytest.param(200, 1, 9, 200, 199, (199, 100, 96, 200, 50, 1, 1), id="halves round up"),
    ],
)
def test_used(
    tmp_path: Path,
    total: int,
    free: int,
    available: int,
    swap: int,
    swap_free: int,
    expected: tuple[int, ...],
) -> None:
    text = MEMINFO.format(total=total, free=free, available=available, swap=swap, swap_free=swap_free)
    host = machine(tmp_path, text)
    physical, virtual, paging = (
        only(module.PROVIDER, host) for module in (physical_memory, virtual_memory, page_file)
    )
    assert (
        physical["UsedSize"], physical["UsedPercentage"], physical["PressurePercentage"],
        virtual["UsedSize"], virtual["UsedPercentage"], paging["UsedSize"], paging["UsedPercentage"],
    ) == expected  # fmt: skip
    assert (virtual["TotalSize"], paging["TotalSize"]) == (total + swap, swap)
    assert (physical["BlockSize"], physical["NumberOfBlocks"], physical["ConsumableBlocks"]) == (
        1024,
        total,
        free,
    )


def only(provider: Any, host: Host) -> Any:
    (element,) = provider.read(host)
    return provider.instance(element)


def test_metrics_are_the_properties(tmp_path: Path) -> None:
    host = machine(tmp_path, MEMINFO.format(total=8000, free=400, available=4800, swap=2000, swap_free=1500))
    (element,) = physical_memory.read(host)
    assert {metric.name: metric.value(element) for metric in physical_memory.PROVIDER.metrics} == {
        "physical_memory.used_percent": 95,
        "physical_memory.pressure_percent": 40,
    }


@pytest.mark.parametrize(
    "meminfo",
    [
        pytest.param("", id="empty"),
        pytest.param(
            "MemTotal: 10 kB\nMemFree: 11 kB\nSwapTotal: 5 kB\nSwapFree: 6 kB\n", id="more free than there is"
        ),
        pytest.param("MemTotal: -1 kB\nMemFree: x kB\nSwapTotal\n", id="odd"),
    ],
)
def test_what_is_unknown_is_null(tmp_path: Path, meminfo: str) -> None:
    host = machine(tmp_path, meminfo)
    for module in (physical_memory, virtual_memory, page_file):
        found = only(module.PROVIDER, host)
        assert (found["UsedSize"], found["UsedPercentage"]) == (None, None)


def test_swap_areas_and_their_total(tmp_path: Path) -> None:
    text = MEMINFO.format(total=1, free=1, available=1, swap=300, swap_free=250)
    host = machine(tmp_path, text, "/dev/sda2 partition 200 50 -2\n/a\\040b file 100 0 5\n")
    found = [page_file.instance(element) for element in page_file.read(host)]
    assert [(row["DeviceID"], row["SwapType"], row["SwapPriority"], row["FreeSize"]) for row in found] == [
        ("/dev/sda2", "partition", -2, 150),
        ("/a b", "file", 5, 100),
        ("_Total", None, None, 250),
    ]
