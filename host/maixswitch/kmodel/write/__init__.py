"""Writing .kmodel files: layers, places in memory, sample models."""
