"""esmctl correlation disable."""

from esmctl import correlating

HELP = "esmctl.correlation-disable"
arguments = correlating.nothing
run = correlating.order("correlation-disable")
