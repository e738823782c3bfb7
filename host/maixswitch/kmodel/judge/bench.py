"""Runs a model once from files to a file, and measures how long the emulator takes on this PC."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.layer_facts import layer_title, macs
from maixswitch.kmodel.format.program import Tensor
from maixswitch.kmodel.run.model import KModel
from maixswitch.language import tr
from maixswitch.rgb565 import grey

from .report import grid

ARRAYS = (".npy",)
UNREADABLE = (ValueError, EOFError, SyntaxError, MemoryError, OverflowError, struct.error)
"""What numpy and Pillow raise for broken files, besides OSError."""


def read_input(path: Path, tensor: Tensor) -> Array:
    """Reads an array for one input from a .npy file or a picture.

    A picture is stretched (bilinear) to the input's size and becomes uint8 (channels, height, width); for one channel
    it is the grey that the firmware makes of its camera's RGB565. For an input of floats its values become 0 to 1.
    Raises MaixSwitchError when the file cannot be read, and KModelError when the model does not take a picture.
    """
    try:
        # A .npy file goes into the model as it is. A file with any other ending is read as a picture.
        if path.suffix.lower() in ARRAYS:
            return _array(path)
        return _picture(path, tensor)
    except OSError as error:
        raise MaixSwitchError(files.unreadable(path, error), EXIT_IO) from error
    except UNREADABLE as error:
        raise MaixSwitchError(tr("cannot read {path}: {error}", path=path, error=error), EXIT_IO) from error


def _array(path: Path) -> Array:
    # Pickled objects could run code, so only plain arrays are loaded.
    try:
        loaded: object = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise MaixSwitchError(
            tr("cannot read {path}: not one plain array as numpy.save writes it", path=path), EXIT_IO
        ) from error
    if not isinstance(loaded, np.ndarray):
        raise MaixSwitchError(
            tr("cannot read {path}: it holds several arrays; expected one, written by numpy.save", path=path), EXIT_IO
        )
    return loaded


def _picture(path: Path, tensor: Tensor) -> Array:
    from PIL import Image, UnidentifiedImageError

    shape = tensor.shape[-3:] if tensor.shape else ()
    # A picture can only become grey or RGB. An input of other channels holds something that no camera gives.
    if len(shape) != 3 or shape[0] not in (1, 3):
        expected = tr("{elements} values of {dtype}", elements=tensor.elements, dtype=tensor.dtype)
        raise KModelError(tr("the model takes no picture: give an array (.npy)"), field="input", wanted=expected)
    channels, height, width = shape
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
    except UnidentifiedImageError as error:
        raise MaixSwitchError(tr("cannot read {path}: neither a picture nor named .npy", path=path), EXIT_IO) from error
    except Image.DecompressionBombError as error:
        raise MaixSwitchError(tr("cannot read {path}: the picture is too large", path=path), EXIT_IO) from error
    # The simulated camera makes its grey the same way, so that results agree with the board's.
    planes: Array = grey(pixels)[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return planes if tensor.dtype == "uint8" else (planes.astype(np.float32) / np.float32(255))


def run_once(kmodel: KModel, arrays: Sequence[Array], output: Path) -> dict[str, Any]:
    """Runs the model, writes out0, out1 ... to ``output`` (.npz) in their shapes, and returns a summary.

    Raises KModelError when an array does not fit, MaixSwitchError when the file cannot be written.
    """
    # numpy appends the ending by itself, and the user would then look for a file of another name.
    if output.suffix.lower() != ".npz":
        raise MaixSwitchError(tr("--output {output}: expected a name that ends in .npz", output=output), EXIT_USAGE)
    # Only the run is timed. Reading and writing files depends on the disk.
    start = perf_counter()
    results = kmodel.run(*arrays)
    spent = perf_counter() - start
    named = {
        f"out{index}": result.reshape(tensor.shape) if tensor.shape else result
        for index, (result, tensor) in enumerate(zip(results, kmodel.outputs, strict=True))
    }
    # The file is built in memory first, so that an error does not leave half a file behind.
    packed = io.BytesIO()
    np.savez(packed, **named)  # type: ignore[arg-type]
    files.write(output, packed.getvalue())
    return {
        "schema": 1,
        "command": "kmodel run",
        "output": str(output),
        "rounding": kmodel.rounding,
        "runtime": kmodel.runtime,
        "milliseconds": round(spent * 1000, 3),
        "outputs": [
            {
                "name": name,
                "shape": list(value.shape),
                "dtype": str(value.dtype),
                "min": _finite(value.min()),
                "max": _finite(value.max()),
                "argmax": int(value.argmax()),
            }
            for name, value in named.items()
        ],
    }


def _finite(value: float) -> float | None:
    """The number, or None for infinities and NaN, which JSON cannot express."""
    return float(value) if np.isfinite(value) else None


def measure(kmodel: KModel, repeat: int = 10) -> dict[str, Any]:
    """Measures every layer on random input: the median of ``repeat`` runs, after one run that prepares the weights.

    GMAC/s counts multiply-accumulates at full resolution, as the chip computes them.
    """
    # The seed is fixed, so that two measurements compute the same.
    random = np.random.default_rng(0)
    feed = [_noise(random, tensor) for tensor in kmodel.inputs]
    # The first run repacks weights and compiles loops, which would hide what a run costs.
    kmodel.run(*feed)
    machine = kmodel.machine
    times: list[list[float]] = [[] for _ in kmodel.layers]
    # The inputs are put back each time, because layers may overwrite them.
    for _ in range(repeat):
        for tensor, values in zip(kmodel.inputs, feed, strict=True):
            machine.put(tensor, values)
        before = perf_counter()
        for index, _layer in enumerate(machine.steps()):
            now = perf_counter()
            times[index].append(now - before)
            before = now
    # Medians are taken, because a busy PC makes single runs slow but never fast.
    layers = []
    for layer, spent in zip(kmodel.layers, times, strict=True):
        seconds, work = median(spent), macs(layer)
        layers.append(
            {
                "index": layer.index,
                "title": layer_title(layer),
                "macs": work,
                "milliseconds": round(seconds * 1000, 4),
                "gmac_s": round(work / seconds / 1e9, 3) if seconds else 0.0,
            }
        )
    # The median of the sums is taken: the sum of medians would be a run that never happened.
    total = median(sum(run) for run in zip(*times, strict=True))
    work = sum(macs(layer) for layer in kmodel.layers)
    return {
        "schema": 1,
        "command": "kmodel bench",
        "backend": kmodel.backend,
        "rounding": kmodel.rounding,
        "runtime": kmodel.runtime,
        "repeat": repeat,
        "layers": layers,
        "macs": work,
        "milliseconds": round(total * 1000, 3),
        "gmac_s": round(work / total / 1e9, 3) if total else 0.0,
    }


def table(figures: dict[str, Any]) -> Iterator[str]:
    """The measurement as a table, line by line."""
    rows = [
        (
            str(item["index"]),
            item["title"],
            f"{item['milliseconds']:.3f}",
            f"{100 * item['milliseconds'] / max(figures['milliseconds'], 1e-9):.0f} %",
            f"{item['gmac_s']:.2f}" if item["macs"] else "-",
        )
        for item in figures["layers"]
    ]
    yield from grid(("#", tr("layer"), "ms", tr("share"), "GMAC/s"), rows, left=(tr("layer"),))
    yield (
        tr(
            "total {milliseconds:.2f} ms, {gmac_s:.2f} GMAC/s: median of {repeat} runs, backend "
            "{backend}, rounding {rounding}, runtime {runtime}",
            milliseconds=figures["milliseconds"],
            gmac_s=figures["gmac_s"],
            repeat=figures["repeat"],
            backend=figures["backend"],
            rounding=figures["rounding"],
            runtime=figures["runtime"],
        )
    )


def _noise(random: np.random.Generator, tensor: Tensor) -> Array:
    shape = tensor.shape or (tensor.elements,)
    if tensor.dtype == "uint8":
        return random.integers(0, 256, shape, np.uint8)
    return random.random(shape, np.float32)
