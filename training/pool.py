"""The drawn pictures that training takes its batches from, and the colour changes that make every batch different."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "host"))

from maixswitch.sim import pictures

MOST_SHAPES = 4


def draw(
    count: int, seed: int, one: Callable[[np.random.Generator], tuple[Any, Any]], keep: str = ""
) -> tuple[torch.Tensor, list]:
    """Return pictures as uint8 (count, 3, height, width), and the truth about each.

    seed: with the index of a picture it makes the picture's seed.
    one: draws one picture and returns it with its truth.
    keep: a file (.npz) that keeps the pictures for the next run, "" for none.
    """
    began = time.monotonic()
    if keep and Path(keep).exists():
        with np.load(keep, allow_pickle=False) as kept:
            rows = json.loads(str(kept["truths"]))
            return torch.from_numpy(kept["images"]), [row if isinstance(row, int) else _shapes(row) for row in rows]
    images, truths = None, []
    for index in range(count):
        picture, truth = one(np.random.default_rng((seed, index)))
        if images is None:
            height, width, channels = picture.shape
            images = torch.empty((count, channels, height, width), dtype=torch.uint8)
        images[index] = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))
        truths.append(truth)
    print(f"drew {count} pictures in {time.monotonic() - began:.0f} s", flush=True)
    if keep:
        np.savez(keep, images=images.numpy(), truths=json.dumps(truths, default=asdict))
    return images, truths


def _shapes(row: list[dict[str, Any]]) -> list[pictures.DrawnObject]:
    return [pictures.DrawnObject(**item) for item in row]


def boxes(truths: list[list[pictures.DrawnObject]], cell: int) -> torch.Tensor:
    """Return float32 (count, MOST_SHAPES, 5): centre x, y, width, height in cells, class; class -1 means no object."""
    rows = torch.full((len(truths), MOST_SHAPES, 5), -1.0)
    for row, objects in zip(rows, truths, strict=True):
        for slot, item in zip(row, objects, strict=False):
            centre = (item.x + item.width / 2, item.y + item.height / 2)
            values = [v / cell for v in (*centre, item.width, item.height)]
            slot[:] = torch.tensor([*values, float(pictures.SHAPES.index(item.kind))])
    return rows


def recolour(x: torch.Tensor) -> torch.Tensor:
    """Return uint8 (n, 3, h, w) as float32 0..1 in other light and other colours, sometimes as the negative."""
    n = x.shape[0]
    gain = (0.7 + 0.4 * torch.rand(n, 1, 1, 1)) * torch.ones(1, 3, 1, 1)
    low = torch.rand(n, 3, 1, 1) * 0.12
    negative = torch.rand(n, 1, 1, 1) < 0.25
    factor = torch.where(negative, -gain, gain) / 255
    offset = torch.where(negative, gain + low, low)
    y = x[:, torch.randperm(3)].to(torch.float32, memory_format=torch.channels_last)
    return torch.addcmul(offset, y, factor).clamp_(0, 1)
