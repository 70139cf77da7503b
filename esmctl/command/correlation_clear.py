"""esmctl correlation clear."""

from esmctl import correlating

HELP = "esmctl.correlation-clear"
arguments = correlating.nothing
run = correlating.order("correlation-clear")
