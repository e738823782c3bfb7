"""Trains a network with PyTorch that tells where the points of one thing are, x and y of each from 0 to 1.

python draw.py stars photos                        # or your own: photos/points.csv with name,x,y,x,y,...
python landmark_torch.py photos star               # writes star.onnx
maixswitch convert star.onnx --images photos       # writes star.kmodel
python measure.py landmark photos star.onnx star.kmodel
"""

from __future__ import annotations

import numpy as np
import photos
import torch
from torch import nn

WIDTH = HEIGHT = 128


def conv(inner: int, out: int) -> nn.Sequential:
    """A 3x3 convolution that halves the picture; the batch norm costs nothing on the board."""
    return nn.Sequential(nn.Conv2d(inner, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def main() -> None:
    options = photos.options(__doc__, steps=700)
    torch.manual_seed(options.seed)
    every = photos.of_points(options.folder, WIDTH, HEIGHT)
    train, _ = every.divided()
    # No mean over the map, as a classifier has it: it would forget where things are.
    network = nn.Sequential(
        *(conv(3, 16), conv(16, 32), conv(32, 64), conv(64, 96), conv(96, 96)),
        *(nn.Flatten(), nn.Linear(96 * 4 * 4, every.points[0].size), nn.Sigmoid()),
    )
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=options.steps)
    for step, (images, points, _) in zip(range(options.steps), train.batches(options.seed), strict=False):
        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        truth = torch.from_numpy(np.stack(points)).flatten(1)
        loss = nn.functional.smooth_l1_loss(network(x), truth, beta=0.02)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {options.steps}: loss {loss.item():.4f}", flush=True)
    # eval() fixes the batch norms; without it the exported network would give other answers than the trained one.
    example = torch.zeros(1, 3, HEIGHT, WIDTH)
    torch.onnx.export(network.eval(), (example,), f"{options.name}.onnx", opset_version=13, dynamo=False)


if __name__ == "__main__":
    main()
