"""Stories of correlation: events at times, and what was issued by then."""

from __future__ import annotations

from collections.abc import Mapping

from indications.correlation.deciding import Decision, Failed, Limited, LimitEnded, Succeeded, Ungrouped
from indications.correlation.engine import Engine
from indications.correlation.event import Event
from indications.correlation.issuing import Issued
from indications.correlation.matching import Belongs, nobody_belongs
from indications.correlation.reading import read

HEAD = "VERSION=2\n"


class Lab:
    """One definition at work. Events are written `"Error hostA"`: severity, host, product, in this order."""

    def __init__(self, text: str, belongs: Belongs = nobody_belongs) -> None:
        self.definition = read(text if "VERSION" in text else HEAD + text, "lab.conf")
        self.engine = Engine(self.definition, belongs)
        self.decisions: list[Decision] = []
        self.now = 0.0
        self._number = 0

    def at(self, seconds: float) -> Lab:
        self.now = seconds
        return self

    def event(self, words: str = "", *, chain: tuple[str, ...] = (), **more: str) -> Lab:
        names = ("E.SEVERITY", "B.SOURCESERVER", "E.PRODUCT_NAME")
        attributes: Mapping[str, str] = {
            **dict(zip(names, words.split(), strict=False)),
            **{name.replace("_", ".", 1): value for name, value in more.items()},
        }
        self._number += 1
        self.decisions += self.engine.step(Event(self._number, self.now, attributes, chain))
        return self

    def wait(self, seconds: float) -> Lab:
        """Nothing arrives until then, and the clock says so."""
        self.now = seconds
        self.decisions += self.engine.expire(seconds)
        return self

    def expect(self, *words: str) -> Lab:
        """What has ended since the last time: `success:NAME 1 2`, `fail:NAME 1`, `limited:NAME`, …"""
        found = [text for each in self.decisions if (text := _spelled(each))]
        assert found == list(words)
        self.decisions = []
        return self

    def issued(self) -> list[Issued]:
        """What was issued since the last time."""
        found = [each.event for each in self.decisions if isinstance(each, Succeeded | Failed) and each.event]
        self.decisions = []
        return found

    @property
    def open(self) -> int:
        return len(list(self.engine.sets()))


def _spelled(each: Decision) -> str:
    match each:
        case Succeeded() | Failed():
            what = "success" if isinstance(each, Succeeded) else "fail"
            return " ".join([f"{what}:{each.key[0]}", *(str(event.number) for _, event in each.matches)])
        case Limited():
            return f"{'limit' if each.begins else 'limited'}:{each.condition} {each.event.number}"
        case LimitEnded():
            return f"room:{each.condition}"
        case Ungrouped():
            return f"ungrouped:{each.condition} {each.event.number}"
    return ""
