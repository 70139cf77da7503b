"""The WBEM server: HTTP, codecs, operations, the repository of instances."""
