"""The daemon: the WBEM server, who may use it, and what keeps it running."""
