"""Alerts that tests tell about."""

from indications.alert import Occasion, alert_of
from openesm.model import Alert, Sample, State, StateChange

UUID = "6a1c9d2e-0f0b-4a8e-9a53-0d6f0c1d2e3f"
OCCASION = Occasion(
    uuid=UUID,
    at=1_790_000_000.25,
    utc_offset_s=9 * 3600,
    name="_Total",
    uri='root/ESMPRO/AS:ESM_Processor.DeviceID="_Total"',
)


def cpu(
    before: State = State.NORMAL,
    after: State = State.WARNING,
    value: float | None = 96,
    cleared: tuple[str, ...] = (),
    occasion: Occasion = OCCASION,
) -> Alert:
    """The CPU load changes its state at the limit 95."""
    sample = Sample("ESM_Processor", "_Total", "cpu.load_percent", value)
    return alert_of(StateChange(sample, before, after, 95 if value is not None else None), occasion, cleared)
