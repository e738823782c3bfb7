"""From integer layers to the bytes of a kmodel: limits, memories, writing."""
