"""Turn the anchors of a bare list into grid cells: training tools also count in fractions of the picture or pixels."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.language import tr


def in_cells(
    anchors: Sequence[float], grid: tuple[int, int], picture: tuple[int, int, int], where: str
) -> tuple[list[float], str]:
    """Return the anchors in grid cells, and a note about what was changed, "" if nothing was.

    anchors: pairs of width and height.
    grid: columns and rows of the output.
    picture: width, height and channels of the input.
    where: the file and line that they come from.
    """
    columns, rows = grid
    if max(anchors) <= 1:
        text = tr(
            "{where}: the anchors are fractions of the picture; multiplied by the grid of {columns}x{rows} cells",
            where=where,
            columns=columns,
            rows=rows,
        )
        return [round(value * grid[at % 2], 6) for at, value in enumerate(anchors)], text
    # No box is twice as large as the picture, so such numbers count pixels.
    if not any(value > 2 * grid[at % 2] for at, value in enumerate(anchors)):
        return list(anchors), ""
    sides = (picture[0] / columns, picture[1] / rows)
    text = tr(
        "{where}: the anchors are pixels; divided by the cells' size of {width:g}x{height:g} pixels",
        where=where,
        width=sides[0],
        height=sides[1],
    )
    return [round(value / sides[at % 2], 6) for at, value in enumerate(anchors)], text
