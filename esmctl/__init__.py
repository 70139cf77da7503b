"""The tools of the administrator."""
