"""Correlation: conditions over the event stream, decided by a pure state machine that says why."""
