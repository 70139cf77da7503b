"""The bridge by which tog-pegasus (or sfcb) loads the same providers (docs/pegasus.md)."""
