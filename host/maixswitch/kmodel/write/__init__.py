"""Writes .kmodel files: layers, addresses in memory, sample models.

``writer`` is the way in; ``quantize`` makes the integers of a layer from real numbers.
"""
