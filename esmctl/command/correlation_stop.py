"""esmctl correlation stop."""

from esmctl import correlating

HELP = "esmctl.correlation-stop"
arguments = correlating.nothing
run = correlating.order("correlation-stop")
