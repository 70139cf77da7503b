"""A call that hangs: the others go on, it is asked once, nobody waits for it (faults.md F20)."""

import threading
from collections import Counter

import pytest

from openesm.host.probes import Probes

SHORT_S = 0.05


class Mounts:
    """Answers for every mount point, except that `/nfs` hangs until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: Counter[str] = Counter()

    def __call__(self, mount_point: str) -> int:
        self.asked[mount_point] += 1
        if mount_point == "/nfs":
            self.released.wait()
        if mount_point == "/gone":
            raise FileNotFoundError(mount_point)
        return len(mount_point)


def test_a_hung_mount_holds_up_no_other_and_is_asked_once() -> None:
    mounts = Mounts()
    probes = Probes(mounts, SHORT_S)
    try:
        for _ in range(5):
            assert probes.ask(["/nfs", "/", "/gone"]) == {"/nfs": None, "/": 1, "/gone": None}
        assert mounts.asked == {"/nfs": 1, "/": 5, "/gone": 5}
        assert probes.outstanding == {"/nfs"}
        hung = [thread for thread in threading.enumerate() if thread.name == "probe"]
        assert [thread.daemon for thread in hung] == [True]
    finally:
        mounts.released.set()


def test_a_mount_that_comes_back_is_asked_again() -> None:
    mounts = Mounts()
    probes = Probes(mounts, SHORT_S)
    assert probes.ask(["/nfs"]) == {"/nfs": None}
    (hung,) = (thread for thread in threading.enumerate() if thread.name == "probe")
    mounts.released.set()
    hung.join()
    assert probes.outstanding == frozenset()
    assert probes.ask(["/nfs"]) == {"/nfs": 4}


def test_two_who_ask_at_once_share_one_call() -> None:
    mounts = Mounts()
    probes = Probes(mounts, limit_s=30.0)
    answers: list[dict[str, int | None]] = []
    askers = [threading.Thread(target=lambda: answers.append(probes.ask(["/nfs"]))) for _ in range(2)]
    askers[0].start()
    while not mounts.asked:
        threading.Event().wait(0.001)
    askers[1].start()
    mounts.released.set()
    for asker in askers:
        asker.join()
    assert answers == [{"/nfs": 4}] * 2


@pytest.mark.parametrize("error", [OSError("stale"), ValueError("odd")], ids=["OSError", "ValueError"])
def test_an_error_is_no_answer(error: Exception) -> None:
    def fail(_: str) -> int:
        raise error

    assert Probes(fail).ask(["x"]) == {"x": None}
