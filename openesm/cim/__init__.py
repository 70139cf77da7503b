"""CIM values and types, schema, paths, status codes, and what a provider is."""
