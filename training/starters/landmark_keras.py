"""Trains a network with Keras that tells where the points of one thing are, x and y of each from 0 to 1.

python draw.py stars photos                        # or your own: photos/points.csv with name,x,y,x,y,...
python landmark_keras.py photos star               # writes star.tflite
maixswitch convert star.tflite --images photos     # writes star.kmodel
python measure.py landmark photos star.tflite star.kmodel
"""

from __future__ import annotations

from pathlib import Path

import keras
import photos
import tensorflow as tf
from keras import layers

WIDTH = HEIGHT = 128


def conv(out: int) -> list[layers.Layer]:
    """A 3x3 convolution that halves the picture; the batch norm costs nothing on the board.

    The KPU pads all four sides. Keras's padding="same" pads only two of them here, which takes more layers to imitate.
    """
    convolution = layers.Conv2D(out, 3, 2, use_bias=False)
    return [layers.ZeroPadding2D(1), convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


def main() -> None:
    options = photos.options(__doc__, steps=700)
    keras.utils.set_random_seed(options.seed)
    every = photos.of_points(options.folder, WIDTH, HEIGHT)
    train, _ = every.divided()
    # No mean over the map, as a classifier has it: it would forget where things are.
    network = keras.Sequential(
        [
            *(keras.Input((HEIGHT, WIDTH, 3)), *conv(16), *conv(32), *conv(64), *conv(96), *conv(96)),
            *(layers.Flatten(), layers.Dense(every.points[0].size, "sigmoid")),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(
        3e-4, options.steps, warmup_target=3e-3, warmup_steps=options.steps // 5
    )
    network.compile(keras.optimizers.AdamW(rate, weight_decay=0.02), keras.losses.Huber(delta=0.02))
    batches = ((x, tf.reshape(points, (len(x), -1))) for x, points, _ in train.batches(options.seed))
    network.fit(batches, steps_per_epoch=options.steps, verbose=2)
    Path(f"{options.name}.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


if __name__ == "__main__":
    main()
