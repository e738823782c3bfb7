"""From real numbers to integers: ranges, scales, curves and weights in 8 bits."""
