"""Small drawings in SVG: plots and grids, dark on a white ground, so that they are legible on any page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

INK, QUIET, GRID = "#1c1f24", "#5b6670", "#dfe5e9"
BLUE, ORANGE, GREEN, RED, PURPLE = "#0a6fb0", "#d55e00", "#17703f", "#b3261e", "#8b5fa8"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)
FONT = "13px system-ui, sans-serif"


class Drawing:
    """Elements on a white ground, in pixels from the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        self._parts: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> None:
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{stroke}"/>'
        )

    def path(self, points: Iterable[tuple[float, float]], colour: str, width: float = 2, dash: str = "") -> None:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 4) -> None:
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>')

    def text(self, x: float, y: float, words: str, colour: str = INK, anchor: str = "start", size: int = 13) -> None:
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}">'
            f"{escape(words)}</text>"
        )

    def cells(self, x: float, y: float, rows: Sequence[Sequence[float]], size: float, shown: bool = True) -> None:
        """Draw a grid of grey cells, 0 black to 255 white, each with its number."""
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                left, top, grey = x + column * size, y + row * size, max(0, min(255, round(value)))
                self.rect(left, top, size, size, f"rgb({grey},{grey},{grey})", QUIET)
                if shown:
                    ink = "#000" if grey > 120 else "#fff"
                    self.text(left + size / 2, top + size / 2 + 4, f"{value:.0f}", ink, "middle", round(size * 0.38))

    def svg(self) -> str:
        """Return the file."""
        size = f'width="{self._width:g}" height="{self._height:g}" viewBox="0 0 {self._width:g} {self._height:g}"'
        body = "\n".join(self._parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="font:{FONT}">\n'
            f'<rect width="100%" height="100%" rx="8" fill="#fff"/>\n{body}\n</svg>\n'
        )


class Plot:
    """Axes on a drawing: x and y in units, drawn into a rectangle of pixels."""

    def __init__(
        self,
        on: Drawing,
        box: tuple[float, float, float, float],
        x: tuple[float, float, float],
        y: tuple[float, float, float],
        names: tuple[str, str] = ("x", "y"),
    ) -> None:
        """box: left, top, width, height. x, y: lowest, highest, and the distance of the grid's lines."""
        self._on, self._box, self._x, self._y = on, box, x, y
        left, top, width, height = box
        for at in _steps(*x):
            px = self.at(at, y[0])[0]
            on.path([(px, top), (px, top + height)], GRID, 1)
            on.text(px, top + height + 17, f"{at:g}", QUIET, "middle", 12)
        for at in _steps(*y):
            py = self.at(x[0], at)[1]
            on.path([(left, py), (left + width, py)], GRID, 1)
            on.text(left - 6, py + 4, f"{at:g}", QUIET, "end", 12)
        on.path([(left, top), (left, top + height), (left + width, top + height)], QUIET, 1)
        on.text(left + width, top + height + 32, names[0], INK, "end")
        on.text(left - 6, top - 12, names[1], INK, "end")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixels of a point."""
        left, top, width, height = self._box
        px = left + (x - self._x[0]) / (self._x[1] - self._x[0]) * width
        return px, top + height - (y - self._y[0]) / (self._y[1] - self._y[0]) * height

    def line(self, points: Iterable[tuple[float, float]], colour: str, width: float = 2, dash: str = "") -> None:
        low, high = self._y[:2]
        # What leaves the axes is cut off at their edge.
        self._on.path([self.at(x, min(max(y, low), high)) for x, y in points], colour, width, dash)

    def dots(self, points: Iterable[tuple[float, float]], colour: str, radius: float = 4) -> None:
        for x, y in points:
            self._on.dot(*self.at(x, y), colour, radius)

    def note(self, x: float, y: float, words: str, colour: str, right: float = 6, down: float = 4) -> None:
        px, py = self.at(x, y)
        self._on.text(px + right, py + down, words, colour)


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + step * number for number in range(round((high - low) / step) + 1)]
