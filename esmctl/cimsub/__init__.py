"""cimsub: indication subscriptions, their filters and handlers, as administrators have known it for years.

What it prints and its exit codes are those of OpenPegasus 2.14, because scripts read them; see
docs/cimsub.md for what was mended. It speaks CIM-XML with the agent of this machine or any WBEM server.
"""
