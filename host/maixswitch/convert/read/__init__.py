"""Reads a network file as one graph of float operations."""
