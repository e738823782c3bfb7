"""What a frame shows beside its items, as the link sends it: a network's points, or the ranges of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maixswitch.language import tr

NAMES = ("points", "outputs")
"""The fields of `results` in serial_schema.py that hold them."""
SHOWN = 3


def extras(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return these fields of a message, those that it has."""
    return {name: message[name] for name in NAMES if name in message}


def extra_lines(fields: Mapping[str, Any]) -> list[str]:
    """Return the fields as lines for people: one for all points, and one for each output as the panel has it."""
    lines = []
    points = [*zip(fields.get("points", ())[::2], fields.get("points", ())[1::2], strict=False)]
    if points:
        listed = ", ".join(f"{x},{y}" for x, y in points[:SHOWN]) + (", ..." if len(points) > SHOWN else "")
        lines.append(tr("{count} points: {listed}", count=len(points), listed=listed))
    for at, (elements, least, most, where) in enumerate(fields.get("outputs", ())):
        lines.append(f"{at}: {elements} {least:.3f}..{most:.3f} @{where}")
    return lines
