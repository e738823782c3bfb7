"""Trains a network with Keras that tells where the points of one thing are, x and y of each from 0 to 1.

python draw.py stars photos                        # or your own: photos/points.csv with name,x,y,x,y,...
python landmark_keras.py photos star               # writes star.tflite
maixswitch convert star.tflite --images photos     # writes star.kmodel
python measure.py landmark photos star.tflite star.kmodel
"""

from __future__ import annotations

import keras
import numpy as np
import photos
from keras import layers
from with_keras import conv, save, train

WIDTH = HEIGHT = 128


def main() -> None:
    options = photos.options(__doc__, steps=1000)
    keras.utils.set_random_seed(options.seed)
    every = photos.of_points(options.folder, WIDTH, HEIGHT)
    # No mean over the map, as a classifier has it: it would forget where things are.
    network = keras.Sequential(
        [
            *(keras.Input((HEIGHT, WIDTH, 3)), *conv(16), *conv(32), *conv(64), *conv(96), *conv(96)),
            *(layers.Flatten(), layers.Dense(every.points[0].size, "sigmoid")),
        ]
    )
    learned, _ = every.divided()
    batches = ((images, np.reshape(points, (len(images), -1))) for images, points, _ in learned.batches(options.seed))
    train(network, batches, keras.losses.Huber(delta=0.02), 3e-3, options)
    save(network, options.name)


if __name__ == "__main__":
    main()
