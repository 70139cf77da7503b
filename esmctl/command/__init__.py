"""One command a file: `user_add.py` is `esmctl user add`.

A command has `HELP` (a key of the catalogue), `arguments(parser)` and `run(args)`, which gives rows to show
(`Table`), or an exit code. A new file is found without being registered.
"""
