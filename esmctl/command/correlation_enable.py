"""esmctl correlation enable."""

from esmctl import correlating

arguments = correlating.nothing
run = correlating.order("correlation-enable")
