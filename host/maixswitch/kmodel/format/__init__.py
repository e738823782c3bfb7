"""The readers of both versions of a .kmodel file. They parse and check, and run nothing.

``model_file`` is the entry point. Nothing here imports ``run``, ``judge`` or ``write``.
"""
