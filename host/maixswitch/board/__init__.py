"""Boards on a serial line: found, talked to, filled, looked into. Nothing here was ever tried on hardware."""
