"""What a .kmodel file costs and whether it fits: memory, firmwares, time, pictures, comparisons."""
