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
from with_torch import conv, save, train

WIDTH = HEIGHT = 128


def main() -> None:
    options = photos.options(__doc__, steps=1000)
    torch.manual_seed(options.seed)
    every = photos.of_points(options.folder, WIDTH, HEIGHT)
    # No mean over the map, as a classifier has it: it would forget where things are.
    network = nn.Sequential(
        *(conv(3, 16), conv(16, 32), conv(32, 64), conv(64, 96), conv(96, 96)),
        *(nn.Flatten(), nn.Linear(96 * 4 * 4, every.points[0].size), nn.Sigmoid()),
    )
    learned, _ = every.divided()
    batches = ((images, np.reshape(points, (len(images), -1))) for images, points, _ in learned.batches(options.seed))
    train(network, batches, nn.SmoothL1Loss(beta=0.02), 3e-3, options)
    save(network, WIDTH, HEIGHT, options.name)


if __name__ == "__main__":
    main()
