"""esmctl correlation start."""

from esmctl import correlating

arguments = correlating.nothing
run = correlating.order("correlation-start")
