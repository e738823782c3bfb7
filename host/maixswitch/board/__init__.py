"""Boards on a serial line: finding them, talking to them, sync, monitor and doctor. Never tried on hardware."""
