"""Trains a classifier with Keras: which of several things is in the picture.

python draw.py digits photos                       # or your own: a folder for each class, photos/cat/1.jpg
python classifier_keras.py photos digits           # writes digits.tflite and digits.labels.txt
maixswitch convert digits.tflite --images photos --labels digits.labels.txt --card CARD
python measure.py classifier photos digits.tflite digits.kmodel
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
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
    options = photos.options(__doc__, steps=1200)
    keras.utils.set_random_seed(options.seed)
    every = photos.of_classes(options.folder, WIDTH, HEIGHT)
    train, _ = every.divided()
    count = len(every.names)
    network = keras.Sequential(
        [
            *(keras.Input((HEIGHT, WIDTH, 3)), *conv(16), *conv(32), *conv(64), *conv(96), *conv(128)),
            *(layers.GlobalAveragePooling2D(), layers.Dense(count, "softmax")),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(
        5e-4, options.steps, warmup_target=5e-3, warmup_steps=options.steps // 5
    )
    network.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.02), keras.losses.CategoricalCrossentropy(label_smoothing=0.05)
    )
    batches = ((x, np.eye(count, dtype=np.float32)[np.ravel(kinds)]) for x, _, kinds in train.batches(options.seed))
    network.fit(batches, steps_per_epoch=options.steps, verbose=2)
    Path(f"{options.name}.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
    Path(f"{options.name}.labels.txt").write_text("\n".join(every.names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
