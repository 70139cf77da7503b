"""esmctl correlation clear."""

from esmctl import correlating

arguments = correlating.nothing
run = correlating.order("correlation-clear")
