"""Anchors in grid cells. Those of a bare list may be fractions of the picture, or pixels."""

from __future__ import annotations

from maixswitch.language import tr

from .evidence import Claim
from .messages import ImportMessage


def in_cells(
    anchors: Claim, grid: tuple[int, int] | None, size: tuple[int, int, int] | None
) -> tuple[list[float], ImportMessage | None]:
    """Return anchors in grid cells, and a note if they were converted or look unusual.

    What a script passes to the firmware is in cells, whatever it looks like; only the numbers of a file are converted.

    grid: columns and rows of the output. size: width, height and channels of the input.
    """
    values: list[float] = anchors.value
    if not grid or not size:
        return values, None
    fractions = max(values) <= 1
    # Anchors of up to twice the grid are usual: the boxes of near things are larger than the picture.
    if not fractions and not any(value > 2 * grid[at % 2] for at, value in enumerate(values)):
        return values, None
    if anchors.passed:
        text = tr("{where}: unusual anchors, in cells from {least} to {most}; kept as they are",
                  where=anchors.where, least=min(values), most=max(values))  # fmt: skip
        return values, ImportMessage("C554", text)
    if fractions:
        factors: tuple[float, float] = grid
        text = tr(
            "{where}: the anchors are fractions of the picture; multiplied by the grid of {columns}x{rows} cells",
            where=anchors.where, columns=grid[0], rows=grid[1],
        )  # fmt: skip
    else:
        width, height = size[0] / grid[0], size[1] / grid[1]
        factors = 1 / width, 1 / height
        text = tr(
            "{where}: the anchors are pixels; divided by the cells' size of {width:g}x{height:g} pixels",
            where=anchors.where, width=width, height=height,
        )  # fmt: skip
    return [round(value * factors[at % 2], 6) for at, value in enumerate(values)], ImportMessage("C527", text)
