"""The output of a run: events as JSON Lines, pictures of the panel, and one animation of bounded size."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from maixswitch import files
from maixswitch.sim.camera import Picture, from_rgb565

SCHEMA = "maixswitch.sim/1"
MAX_PICTURES = 200
SAMPLE_MS = 100
MAX_SAMPLES = 240
MAX_GIF_MS = 60_000
MAX_GIF_BYTES = 8_000_000
_SMALLEST_GIF = 25  # samples; fewer are not worth halving


class Recorder:
    """Writes the files of a run and passes every event to `listeners`; `close` completes the files.

    out: the folder for the files, None for no files.
    zoom: enlargement of the saved pictures.
    saved: paths of the pictures that were written.
    dress: makes the animation's picture of a sample (time in ms, panel); None takes the panel itself.
    keep: takes the script's screenshots (name, panel, width, height) in place of files, and returns their names.
    most_bytes: the largest size of the animation.
    """

    def __init__(self, out: Path | None, zoom: int = 1) -> None:
        self.out = out
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self.saved: list[Path] = []
        self.dress: Callable[[int, Picture], Picture] | None = None
        self.keep: Callable[[str, bytes | bytearray, int, int], Path] | None = None
        self.most_bytes = MAX_GIF_BYTES
        self._zoom = zoom
        self._pictures = 0
        self._samples: list[tuple[int, Picture]] = []
        self._sample_ms = SAMPLE_MS
        self._events: TextIO | None = None
        if out is not None:
            with files.writing(out, "--out"):
                (out / "frames").mkdir(parents=True, exist_ok=True)
                # Pictures of an earlier run would look like this one's.
                for old in (out / "frames").glob("[0-9][0-9][0-9]-*.png"):
                    old.unlink()
                self._events = (out / "events.jsonl").open("w", encoding="utf-8")

    def event(self, t: int, kind: str, **fields: Any) -> None:
        """Log an event at board time `t` (ms). It is written at once, so that an interrupted run leaves whole lines."""
        document = {"t": t, "event": kind, **fields}
        if self._events is not None:
            self._events.write(json.dumps(document, ensure_ascii=False) + "\n")
            self._events.flush()
        for listener in self.listeners:
            listener(document)

    def due(self, t: int) -> bool:
        """Does the animation need a picture of the panel at board time `t`?"""
        return self.out is not None and (not self._samples or t - self._samples[-1][0] >= self._sample_ms)

    def sample(self, t: int, pixels: bytes | bytearray, width: int, height: int, last: bool = False) -> None:
        """Add the panel at board time `t` (ms) to the animation.

        pixels: RGB565 words, high byte first.
        last: whether to add it even if no picture is due, so that the animation shows the end of the run.
        """
        if self.out is None or not pixels or not (last or self.due(t)):
            return
        self._samples.append((t, from_rgb565(pixels, width, height)))
        # When the animation is full, keep every second picture and take half as many from now on.
        if len(self._samples) >= MAX_SAMPLES:
            self._samples = self._samples[::2]
            self._sample_ms *= 2

    def picture(self, t: int, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path | None:
        """Save the panel as frames/NNN-<ms>-<name>.png, at most 200 per run; return the path or None."""
        if self.out is None or self._pictures >= MAX_PICTURES:
            return None
        self._pictures += 1
        return self._save(self.out / "frames" / f"{self._pictures:03}-{t:07}ms-{name}.png", pixels, width, height)

    def screenshot(self, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path:
        """Save the panel under a name from the script, in the output folder or the current one; return the path."""
        if self.keep is not None:
            return self.keep(name, pixels, width, height)
        return self._save((self.out or Path()) / f"{name}.png", pixels, width, height)

    def _save(self, path: Path, pixels: bytes | bytearray, width: int, height: int) -> Path:
        image = Image.fromarray(from_rgb565(pixels, width, height))
        if self._zoom > 1:
            image = image.resize((width * self._zoom, height * self._zoom), Image.Resampling.NEAREST)
        with files.writing(path):
            image.save(path)
        self.saved.append(path)
        return path

    def close(self, t: int) -> None:
        """Write screen.gif and close the event file; `t` is the board time (ms) of the end."""
        if self._events is not None:
            self._events.close()
            self._events = None
        if self.out is None or not self._samples:
            return
        path = self.out / "screen.gif"
        # The size of a GIF depends on its pictures and is known only afterwards. Halve the samples until it fits, but
        # keep enough of them to show the run.
        samples = [(at, self.dress(at, shown)) for at, shown in self._samples] if self.dress else self._samples
        write_gif(path, samples, t)
        while path.stat().st_size > self.most_bytes and len(samples) > _SMALLEST_GIF:
            samples = samples[::2]
            write_gif(path, samples, t)
        self.saved.append(path)


def write_gif(path: Path, samples: list[tuple[int, Picture]], end: int) -> None:
    """Write a GIF that loops. A run longer than MAX_GIF_MS is shown faster.

    samples: (time in ms, picture).
    end: time in ms at which the last picture ends.
    """
    # Show the last picture for at least half a second, or the loop would hide the end.
    times = [t for t, _ in samples] + [max(end, samples[-1][0] + 500)]
    pace = min(1.0, MAX_GIF_MS / max(1, times[-1] - times[0]))
    # Viewers slow down frames that are shorter than 20 ms.
    durations = [max(20, round((after - before) * pace)) for before, after in itertools.pairwise(times)]
    # A GIF has one size, but a restart with other settings may rotate the panel: keep the pictures of the last size.
    shape = samples[-1][1].shape
    pictures = [picture for _, picture in samples if picture.shape == shape]
    durations = [ms for ms, (_, picture) in zip(durations, samples, strict=True) if picture.shape == shape]
    # Use one palette for all pictures, or colours would flicker and still parts would change their bytes. About 16
    # pictures at half size have the colours of all, in a fraction of the time.
    spread = np.concatenate([picture[::2, ::2] for picture in pictures[:: max(1, len(pictures) // 16)]])
    palette = Image.fromarray(spread).quantize(255, Image.Quantize.MEDIANCUT)
    # Dithering would add moving noise to still parts, and that makes the file large.
    frames = [
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures
    ]  # fmt: skip
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)
