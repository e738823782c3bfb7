"""Whether a .kmodel file fits a board and what it costs: memory, firmwares, time, pictures, comparisons."""
