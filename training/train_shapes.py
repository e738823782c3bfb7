"""Trains the detector of shapes and writes ONNX and anchors: train_shapes.py OUT.onnx [--steps N] [--pool N]."""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch
from course import BATCH, Course, parse_options
from networks import Shapes, export
from pool import boxes, draw, pictures, recolour
from torch.nn import functional

CELL = 32
COLUMNS, ROWS = 10, 7
ANCHORS = 5
CLASSES = len(pictures.SHAPES)


def sizes_overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union (n, m) of sizes (n, 2) and (m, 2) with one corner in common."""
    common = torch.minimum(a[:, None], b[None]).prod(2)
    return common / (a.prod(1)[:, None] + b.prod(1)[None] - common)


def cluster(sizes: torch.Tensor) -> torch.Tensor:
    """Return the anchors, sorted by area: k-means over widths and heights in cells, by overlap."""
    order = sizes.prod(1).sort().indices
    middle = sizes[order[torch.linspace(0, len(order) - 1, 2 * ANCHORS + 1).long()[1::2]]]
    for _ in range(40):
        nearest = sizes_overlap(sizes, middle).argmax(1)
        middle = torch.stack([sizes[nearest == k].mean(0) for k in range(ANCHORS)])
    return middle[middle.prod(1).sort().indices]


def loss_of(raw: torch.Tensor, truth: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """Return YOLOv2's loss. raw: (n, 50, 7, 10). truth: (n, most, 5) in cells. anchors: (5, 2) in cells."""
    n = raw.shape[0]
    raw = raw.reshape(n, ANCHORS, 5 + CLASSES, ROWS, COLUMNS).permute(0, 1, 3, 4, 2)
    image, slot = torch.nonzero(truth[..., 4] >= 0, as_tuple=True)
    real = truth[image, slot]
    column, row = real[:, 0].long().clamp(0, COLUMNS - 1), real[:, 1].long().clamp(0, ROWS - 1)
    anchor = sizes_overlap(real[:, 2:4], anchors).argmax(1)
    # Aim objectness (and classes, below) a little short of 0 and 1: small logits leave finer steps of 8 bits to boxes.
    # Boxes that overlap an object well, but are not responsible for it, do not count.
    with torch.no_grad():
        target = torch.full(raw.shape[:4], 0.005)
        weight = torch.ones(raw.shape[:4])
        weight[_overlap(raw, truth, anchors) > 0.55] = 0.0
        target[image, anchor, row, column] = 0.98
        weight[image, anchor, row, column] = 5.0
    objectness = functional.binary_cross_entropy_with_logits(raw[..., 4], target, weight, reduction="sum")
    mine = raw[image, anchor, row, column]
    offset = torch.stack([real[:, 0] - column, real[:, 1] - row], 1)
    centre = ((torch.sigmoid(mine[:, :2]) - offset) ** 2).sum()
    size = ((mine[:, 2:4] - torch.log(real[:, 2:4] / anchors[anchor])) ** 2).sum()
    kind = functional.cross_entropy(mine[:, 5:], real[:, 4].long(), reduction="sum", label_smoothing=0.03)
    return (objectness + 8 * centre + 4 * size + 2 * kind) / n


def _overlap(raw: torch.Tensor, truth: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """Return the best intersection over union of every predicted box with a true one: (n, anchors, rows, columns)."""
    x = torch.sigmoid(raw[..., 0]) + torch.arange(COLUMNS)
    y = torch.sigmoid(raw[..., 1]) + torch.arange(ROWS)[:, None]
    w = torch.exp(raw[..., 2].clamp(max=4)) * anchors[:, 0, None, None]
    h = torch.exp(raw[..., 3].clamp(max=4)) * anchors[:, 1, None, None]
    best = torch.zeros_like(x)
    for slot in range(truth.shape[1]):
        tx, ty, tw, th, kind = (truth[:, slot, i, None, None, None] for i in range(5))
        wide = torch.minimum(x + w / 2, tx + tw / 2) - torch.maximum(x - w / 2, tx - tw / 2)
        high = torch.minimum(y + h / 2, ty + th / 2) - torch.maximum(y - h / 2, ty - th / 2)
        common = wide.clamp(min=0) * high.clamp(min=0)
        share = common / (w * h + tw * th - common).clamp(min=1e-6)
        best = torch.maximum(best, torch.where(kind >= 0, share, 0.0))
    return best


def flip(x: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the batch, mirrored left to right and top to bottom, each with a probability of one half."""
    truth = truth.clone()
    for axis, cells in ((0, COLUMNS), (1, ROWS)):
        if torch.rand(()) < 0.5:
            x = torch.flip(x, (3 - axis,))
            truth[..., axis] = cells - truth[..., axis]
    return x, truth


def main() -> None:
    options = parse_options(__doc__, steps=2600, pool=7000, seed=2)
    images, truths = draw(options.pool, options.seed, pictures.shape_picture, options.keep)
    truth = boxes(truths, CELL)
    anchors = cluster(truth[truth[..., 4] >= 0][:, 2:4])
    flat = [round(float(v), 4) for v in anchors.flatten()]
    print("anchors", flat)
    Path(options.out).with_suffix(".anchors.json").write_text(json.dumps(flat) + "\n", encoding="utf-8")
    course = Course(Shapes(ANCHORS, CLASSES), options, images)
    network = course.network
    began, mean = time.monotonic(), 0.0
    for step in range(1, options.steps + 1):
        chosen = torch.randint(options.pool, (BATCH,))
        x, boxes_in_x = flip(images[chosen], truth[chosen])
        loss = loss_of(network(recolour(x)), boxes_in_x, anchors)
        course.step(loss, steepest=20.0)
        mean += loss.item() / 100
        if step % 100 == 0:
            print(f"{step} loss {mean:.3f} {time.monotonic() - began:.0f} s", flush=True)
            mean = 0.0
        if step % 500 == 0 or step == options.steps:
            export(network, pictures.SHAPE_INPUT, options.out, "boxes")
            network.train()


if __name__ == "__main__":
    main()
