"""Names for the app's reports and results, shared by every view of a run: terminal, file and page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Kind of report -> names of its values, in the order of the arguments of the app's `report`.
FIELDS: dict[str, tuple[str, ...]] = {
    "state": ("old", "cause", "new"),
    "select": ("title", "index", "total"),
    "load": ("title", "ms", "free"),
    "unload": ("title", "error"),
    "fault": ("code", "name", "detail"),
    "camera": ("what", "detail"),
    "choice": ("folder", "written"),
    "note": ("text",),
}


def name(kind: str, values: Iterable[Any]) -> dict[str, Any]:
    """Return the values of one report by their names; leave out None."""
    names = FIELDS.get(kind, ("a", "b", "c"))
    return {name: value for name, value in zip(names, values, strict=False) if value is not None}


CELL = 32
"""Pixels by which the middle of all points may move before they are another result."""


class SeenLabels:
    """The labels of the last results: results become an event only when their labels change.

    Of points their number counts, and about where they are; of outputs where the largest value is. All other numbers of
    a camera's picture change with each frame.
    """

    def __init__(self) -> None:
        self._last: tuple[Any, ...] | None = None

    def forget(self) -> None:
        """Make the next results an event in any case."""
        self._last = None

    def change(
        self, results: Iterable[tuple[str, float]], extras: Mapping[str, Any] | None = None
    ) -> tuple[str, ...] | None:
        """Return the sorted labels of (label, score) rows if they or the extras have changed, else None.

        extras: "points" and "outputs", as the link has them.
        """
        labels = tuple(sorted(label for label, _ in results))
        points = (extras or {}).get("points", ())
        count = len(points) // 2
        middle = tuple(sum(points[axis::2]) // (count * CELL) for axis in (0, 1)) if count else ()
        largest = tuple(row[3] for row in (extras or {}).get("outputs", ()))
        seen = (labels, count, middle, largest)
        if seen == self._last:
            return None
        self._last = seen
        return labels
