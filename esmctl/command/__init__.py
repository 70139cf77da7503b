"""One command a file: `user_add.py` is `esmctl user add`.

A command has `arguments(parser)` and `run(args)`, which gives what to show (`Table`, `Statement`), or an exit
code; its text is in the catalogue as `esmctl.user-add`. A new file is found without being registered, and
loaded when it is named.
"""
