"""Labelled pictures: one file a format, and reading.py, which finds out which format a folder has."""
