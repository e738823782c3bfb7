"""Trains a YOLOv2 detector with PyTorch: where the things in a picture are, and what they are.

python draw.py shapes photos                       # or your own, with labels of labelImg: VOC (.xml) or YOLO (.txt)
python detector_torch.py photos shapes             # writes shapes.onnx, shapes.labels.txt and shapes.anchors.txt
maixswitch convert shapes.onnx --images photos --anchors shapes.anchors.txt --labels shapes.labels.txt --card CARD
python measure.py detector photos shapes.onnx shapes.kmodel --anchors shapes.anchors.txt
"""

from __future__ import annotations

from pathlib import Path

import photos
import torch
import yolo2
from torch import nn
from torch.nn import functional

WIDTH, HEIGHT = 224, 160
COLUMNS, ROWS = WIDTH // 32, HEIGHT // 32


def conv(inner: int, out: int, stride: int) -> nn.Sequential:
    """A 3x3 convolution; stride 2 halves the picture; the batch norm costs nothing on the board."""
    return nn.Sequential(nn.Conv2d(inner, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


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
    train, _ = every.divided()
    anchors, count = yolo2.anchors_of(train.points, COLUMNS, ROWS), len(every.names)
    network = nn.Sequential(
        *(conv(3, 16, 2), conv(16, 32, 2), conv(32, 64, 2), conv(64, 96, 2), conv(96, 96, 2)),
        *(conv(96, 128, 1), nn.Conv2d(128, yolo2.ANCHORS * (5 + count), 1)),
    )
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=options.steps)
    for step, (images, points, classes) in zip(range(options.steps), train.batches(options.seed), strict=False):
        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        target = torch.from_numpy(yolo2.targets(points, classes, anchors, COLUMNS, ROWS, count))
        loss = loss_of(network(x), target)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 20.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {options.steps}: loss {loss.item():.3f}", flush=True)
    # eval() fixes the batch norms; without it the exported network would give other answers than the trained one.
    example = torch.zeros(1, 3, HEIGHT, WIDTH)
    torch.onnx.export(network.eval(), (example,), f"{options.name}.onnx", opset_version=13, dynamo=False)
    Path(f"{options.name}.labels.txt").write_text("\n".join(every.names) + "\n", encoding="utf-8")
    Path(f"{options.name}.anchors.txt").write_text(",".join(f"{v:.4f}" for v in anchors.ravel()) + "\n")


if __name__ == "__main__":
    main()
