"""Providers of others: of installed packages, and files written for the interface of cmpi-bindings."""
