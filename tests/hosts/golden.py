"""What every provider says of every recorded machine, as JSON.

`python -m tests.hosts.golden` writes the golden files anew; read the difference before you keep it.
"""

import json
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from openesm.cim.provider import Provider
from openesm.cim.values import DateTime
from openesm.host import Host
from providers import installed
from tests.hosts.machines import MACHINES
from tests.hosts.recording import Recording

HERE = Path(__file__).parent


def open_host(name: str, root: Path) -> Host:
    """The recorded machine `name`, written below `root`."""
    return Recording(root).host(MACHINES[name](root))


def rows(host: Host) -> dict[str, list[dict[str, Any]]]:
    """Class -> its instances; each begins with the id of its element."""
    return {
        provider.classname: [
            {"(element)": provider.element(element), **_spell(provider.instance(element).items())}
            for element in provider.read(host)
        ]
        for provider in installed()
        if isinstance(provider, Provider)
    }


def _spell(row: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: DateTime.of(value).text if isinstance(value, datetime) else value for name, value in row}


def golden_file(name: str) -> Path:
    return HERE / name / "golden.json"


def spell(found: dict[str, list[dict[str, Any]]]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=True) + "\n"


def main() -> None:
    for name in MACHINES:
        with tempfile.TemporaryDirectory() as root:
            text = spell(rows(open_host(name, Path(root))))
        golden_file(name).parent.mkdir(exist_ok=True)
        golden_file(name).write_text(text)


if __name__ == "__main__":
    main()
