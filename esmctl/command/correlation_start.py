"""esmctl correlation start."""

from esmctl import correlating

HELP = "esmctl.correlation-start"
arguments = correlating.nothing
run = correlating.order("correlation-start")
