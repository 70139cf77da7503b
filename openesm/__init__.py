"""What all rooms share: frozen values, CIM types and schema, the machine, settings, texts."""

__version__ = "0.1.0"
