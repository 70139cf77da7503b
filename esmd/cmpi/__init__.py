"""The same providers behind the CMPI of a foreign CIMOM (tog-pegasus, sfcb)."""
