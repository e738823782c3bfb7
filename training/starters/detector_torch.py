"""Trains a YOLOv2 detector with PyTorch: where the things in a picture are, and what they are.

python draw.py shapes photos                       # or your own, with labels of labelImg: VOC (.xml) or YOLO (.txt)
python detector_torch.py photos shapes             # writes shapes.onnx, shapes.labels.txt and shapes.anchors.txt
maixswitch convert shapes.onnx --images photos --anchors shapes.anchors.txt --labels shapes.labels.txt --card CARD
python measure.py detector photos shapes.onnx shapes.kmodel --anchors shapes.anchors.txt
"""

from __future__ import annotations

import photos
import torch
import yolo2
from torch import nn
from torch.nn import functional
from with_torch import conv, save, train

WIDTH, HEIGHT = 224, 160
COLUMNS, ROWS = WIDTH // 32, HEIGHT // 32


def loss_of(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return YOLOv2's loss. raw: (n, anchors x (5 + classes), rows, columns). target: of yolo2.targets."""
    n, rows, columns, anchors, values = target.shape
    raw = raw.reshape(n, anchors, values, rows, columns).permute(0, 3, 4, 1, 2)
    here, counts = target[..., 4] == 1, target[..., 4] >= 0
    aim = torch.where(here, yolo2.OBJECT, yolo2.EMPTY)
    thing = functional.binary_cross_entropy_with_logits(raw[..., 4], aim, 1.0 * counts + 4.0 * here, reduction="sum")
    mine, real = raw[here], target[here]
    centre = ((torch.sigmoid(mine[:, :2]) - real[:, :2]) ** 2).sum()
    size = ((mine[:, 2:4] - real[:, 2:4]) ** 2).sum()
    kind = functional.cross_entropy(mine[:, 5:], real[:, 5:], reduction="sum", label_smoothing=0.03)
    return (thing + 8 * centre + 4 * size + 2 * kind) / n


def main() -> None:
    options = photos.options(__doc__, steps=1200)
    torch.manual_seed(options.seed)
    every = photos.of_boxes(options.folder, WIDTH, HEIGHT)
    learned, _ = every.divided()
    anchors, count = yolo2.anchors_of(learned.points, COLUMNS, ROWS), len(every.names)
    network = nn.Sequential(
        *(conv(3, 16), conv(16, 32), conv(32, 64), conv(64, 96), conv(96, 96)),
        *(conv(96, 128, 1), nn.Conv2d(128, yolo2.ANCHORS * (5 + count), 1)),
    )
    batches = (
        (images, yolo2.targets(points, classes, anchors, COLUMNS, ROWS, count))
        for images, points, classes in learned.batches(options.seed)
    )
    train(network, batches, loss_of, 4e-3, options)
    save(network, WIDTH, HEIGHT, options.name)
    photos.write_labels(options.name, every.names)
    yolo2.write_anchors(options.name, anchors)


if __name__ == "__main__":
    main()
