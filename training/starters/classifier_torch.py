"""Trains a classifier with PyTorch: which of several things is in the picture.

python draw.py digits photos                       # or your own: a folder for each class, photos/cat/1.jpg
python classifier_torch.py photos digits           # writes digits.onnx and digits.labels.txt
maixswitch convert digits.onnx --images photos --labels digits.labels.txt --card CARD
python measure.py classifier photos digits.onnx digits.kmodel
"""

from __future__ import annotations

from pathlib import Path

import photos
import torch
from torch import nn

WIDTH = HEIGHT = 128


def conv(inner: int, out: int) -> nn.Sequential:
    """A 3x3 convolution that halves the picture; the batch norm costs nothing on the board."""
    return nn.Sequential(nn.Conv2d(inner, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def main() -> None:
    options = photos.options(__doc__, steps=1200)
    torch.manual_seed(options.seed)
    every = photos.of_classes(options.folder, WIDTH, HEIGHT)
    train, _ = every.divided()
    network = nn.Sequential(
        *(conv(3, 16), conv(16, 32), conv(32, 64), conv(64, 96), conv(96, 128)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, len(every.names))),
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=5e-3, total_steps=options.steps)
    for step, (images, _, classes) in zip(range(options.steps), train.batches(options.seed), strict=False):
        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        loss = loss_of(network(x), torch.tensor(classes)[:, 0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {options.steps}: loss {loss.item():.3f}", flush=True)
    # eval() fixes the batch norms; without it the exported network would give other answers than the trained one.
    network = nn.Sequential(network, nn.Softmax(1)).eval()
    example = torch.zeros(1, 3, HEIGHT, WIDTH)
    torch.onnx.export(network, (example,), f"{options.name}.onnx", opset_version=13, dynamo=False)
    Path(f"{options.name}.labels.txt").write_text("\n".join(every.names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
