"""`python -m esmd`."""

from esmd.main import run

run()
