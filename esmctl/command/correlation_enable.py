"""esmctl correlation enable."""

from esmctl import correlating

HELP = "esmctl.correlation-enable"
arguments = correlating.nothing
run = correlating.order("correlation-enable")
