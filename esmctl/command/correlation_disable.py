"""esmctl correlation disable."""

from esmctl import correlating

arguments = correlating.nothing
run = correlating.order("correlation-disable")
