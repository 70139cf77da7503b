"""esmctl correlation stop."""

from esmctl import correlating

arguments = correlating.nothing
run = correlating.order("correlation-stop")
