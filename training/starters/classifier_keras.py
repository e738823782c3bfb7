"""Trains a classifier with Keras: which of several things is in the picture.

python draw.py digits photos                       # or your own: a folder for each class, photos/cat/1.jpg
python classifier_keras.py photos digits           # writes digits.tflite and digits.labels.txt
maixswitch convert digits.tflite --images photos --labels digits.labels.txt --card CARD
python measure.py classifier photos digits.tflite digits.kmodel
"""

from __future__ import annotations

import keras
import numpy as np
import photos
from keras import layers
from with_keras import conv, save, train

WIDTH = HEIGHT = 128


def main() -> None:
    options = photos.options(__doc__, steps=2000)
    keras.utils.set_random_seed(options.seed)
    every = photos.of_classes(options.folder, WIDTH, HEIGHT)
    count = len(every.names)
    network = keras.Sequential(
        [
            *(keras.Input((HEIGHT, WIDTH, 3)), *conv(16), *conv(32), *conv(48), *conv(64), *conv(64, 1)),
            *(*conv(96), *conv(128, 1), layers.GlobalAveragePooling2D(), layers.Dense(count, "softmax")),
        ]
    )
    learned, _ = every.divided()
    one_hot = np.eye(count, dtype=np.float32)
    batches = ((images, one_hot[np.ravel(classes)]) for images, _, classes in learned.batches(options.seed))
    train(network, batches, keras.losses.CategoricalCrossentropy(label_smoothing=0.05), 5e-3, options)
    save(network, options.name)
    photos.write_labels(options.name, every.names)


if __name__ == "__main__":
    main()
