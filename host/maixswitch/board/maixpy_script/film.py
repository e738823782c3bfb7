"""Records what the panel of a board shows during a run: a picture for each change, and an animation."""

from __future__ import annotations

from pathlib import Path

from maixswitch.sim.recorder import Recorder


class Film:
    """Keeps the panel's pictures in a folder.

    out: the folder, None to count the changes only.
    zoom: enlargement of the pictures.
    changes: how often the panel changed.
    """

    def __init__(self, out: Path | None, zoom: int = 1) -> None:
        self._recorder = Recorder(out, zoom)
        self._last: tuple[bytes, int, int] = (b"", 0, 0)
        self.changes = 0

    def show(self, ms: int, pixels: bytes, width: int, height: int) -> None:
        """Note what the panel shows now.

        ms: board time since the start of the script.
        pixels: RGB565 words, high byte first.
        """
        if (pixels, width, height) == self._last:
            return
        self._last = pixels, width, height
        self.changes += 1
        self._recorder.picture(ms, "panel", pixels, width, height)
        self._recorder.sample(ms, pixels, width, height)

    def event(self, ms: int, kind: str, **fields: object) -> None:
        """Note an event in events.jsonl."""
        self._recorder.event(ms, kind, **fields)

    def close(self, ms: int) -> list[Path]:
        """Write the animation, which ends with the last picture; return the paths of all files."""
        pixels, width, height = self._last
        self._recorder.sample(ms, pixels, width, height, last=True)
        self._recorder.close(ms)
        return self._recorder.saved
