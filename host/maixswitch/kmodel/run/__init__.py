"""Computes what a chip computes from a .kmodel file.

``model`` is the entry point. ``runners`` has a function for each type of layer, which works on the memories of a
``chip``; ``machine`` runs them one after another. ``backends`` compute the same bytes faster.
"""
