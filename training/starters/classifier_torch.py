"""Trains a classifier with PyTorch: which of several things is in the picture.

python draw.py digits photos                       # or your own: a folder for each class, photos/cat/1.jpg
python classifier_torch.py photos digits           # writes digits.onnx and digits.labels.txt
maixswitch convert digits.onnx --images photos --labels digits.labels.txt --card CARD
python measure.py classifier photos digits.onnx digits.kmodel
"""

from __future__ import annotations

import numpy as np
import photos
import torch
from torch import nn
from with_torch import conv, save, train

WIDTH = HEIGHT = 128


def main() -> None:
    options = photos.options(__doc__, steps=2000)
    torch.manual_seed(options.seed)
    every = photos.of_classes(options.folder, WIDTH, HEIGHT)
    network = nn.Sequential(
        *(conv(3, 16), conv(16, 32), conv(32, 48), conv(48, 64), conv(64, 64, 1), conv(64, 96), conv(96, 128, 1)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, len(every.names))),
    )
    learned, _ = every.divided()
    batches = ((images, np.ravel(classes)) for images, _, classes in learned.batches(options.seed))
    train(network, batches, nn.CrossEntropyLoss(label_smoothing=0.05), 5e-3, options)
    save(nn.Sequential(network, nn.Softmax(1)), WIDTH, HEIGHT, options.name)
    photos.write_labels(options.name, every.names)


if __name__ == "__main__":
    main()
