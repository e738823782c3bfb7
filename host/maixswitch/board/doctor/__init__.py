"""`maixswitch doctor`: asks a board what it is and what is on it, and judges the answers. Never tried on a board."""
