"""Writes .kmodel files: layers, addresses in memory, sample models.

``writer`` is the way in for v3 and ``v4_writer`` for v4; ``quantize`` makes the integers of a layer from real numbers.
"""
