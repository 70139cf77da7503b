"""Correlation in the agent: the event log, the definition in use, what it decides and why."""
