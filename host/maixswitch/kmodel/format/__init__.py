"""What a .kmodel file says: the readers of both versions. They parse and check, and run nothing.

``model_file`` is the way in. Nothing here imports ``run``, ``judge`` or ``write``.
"""
