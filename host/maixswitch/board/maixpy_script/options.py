"""What a run of a MaixPy script needs, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDED, RAISED, TIME, RESET, CRASHED = "ended", "raised", "time", "reset", "crashed"
"""How a run ends: the script came to its end, an exception ended it, its time was over, it restarted the chip, or the
firmware crashed."""


@dataclass(frozen=True)
class Options:
    """The options of one run.

    source: the text of the script.
    firmware: an image file or a flavour, "" for the default flavour.
    card: the folder that stands for the card, None for an empty card.
    write_back: whether what the script writes on the card reaches that folder.
    flash: what the flash chip holds, address -> content.
    config: the content of /flash/config.json, None for no such file.
    camera, fit: as for `sim`.
    seconds: board time after which the run ends.
    pc_seconds: processor time of this PC, on the fakes its time, after which the run ends as well.
    out: the folder for what the panel showed, None for none.
    zoom: enlargement of the saved pictures.
    tell: takes what the script prints, piece by piece.
    """

    source: str
    firmware: str = ""
    board: str = "bit"
    card: Path | None = None
    write_back: bool = False
    flash: dict[int, bytes] = field(default_factory=dict)
    config: dict[str, Any] | None = None
    camera: Path | None = None
    fit: str = "stretch"
    seconds: float = 10.0
    pc_seconds: float = float("inf")
    out: Path | None = None
    zoom: int = 1
    tell: Callable[[str], None] = print


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    how: one of the constants above.
    reason: the traceback of the exception, or why the chip restarted or crashed.
    seconds: board time of the script.
    """

    how: str
    reason: str = ""
    seconds: float = 0.0

    @property
    def error(self) -> str:
        """The last line of the traceback: the exception."""
        lines = self.reason.strip().splitlines()
        return lines[-1].strip() if lines else ""
