"""Names for the app's reports and results, shared by every view of a run: terminal, file and page."""

from __future__ import annotations

from collections.abc import Iterable
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


class SeenLabels:
    """The labels of the last results: results become an event only when their labels change."""

    def __init__(self) -> None:
        self._last: tuple[str, ...] | None = None

    def forget(self) -> None:
        """Make the next results an event in any case."""
        self._last = None

    def change(self, results: Iterable[tuple[str, float]]) -> tuple[str, ...] | None:
        """Return the sorted labels of (label, score) rows if they have changed, else None."""
        labels = tuple(sorted(label for label, _ in results))
        if labels == self._last:
            return None
        self._last = labels
        return labels
