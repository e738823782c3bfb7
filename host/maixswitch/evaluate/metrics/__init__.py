"""Figures from answers and truth. Each is calculated once, over all pictures in the order of their names."""
