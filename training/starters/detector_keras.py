"""Trains a YOLOv2 detector with Keras: where the things in a picture are, and what they are.

python draw.py shapes photos                       # or your own, with labels of labelImg: VOC (.xml) or YOLO (.txt)
python detector_keras.py photos shapes             # writes shapes.tflite, shapes.labels.txt and shapes.anchors.txt
maixswitch convert shapes.tflite --images photos --anchors shapes.anchors.txt --labels shapes.labels.txt --card CARD
python measure.py detector photos shapes.tflite shapes.kmodel --anchors shapes.anchors.txt
"""

from __future__ import annotations

import keras
import photos
import tensorflow as tf
import yolo2
from keras import layers
from with_keras import conv, save, train

WIDTH, HEIGHT = 224, 160
COLUMNS, ROWS = WIDTH // 32, HEIGHT // 32


def loss_of(target: tf.Tensor, raw: tf.Tensor) -> tf.Tensor:
    """Return YOLOv2's loss of each picture.

    target: of yolo2.targets. raw: (n, rows, columns, anchors x (5 + classes)).
    """
    raw = tf.reshape(raw, tf.shape(target))
    here, counts = (tf.cast(mask, tf.float32) for mask in (target[..., 4] == 1, target[..., 4] >= 0))
    aim = here * yolo2.OBJECT + (1 - here) * yolo2.EMPTY
    thing = tf.nn.sigmoid_cross_entropy_with_logits(aim, raw[..., 4]) * (counts + 4 * here)
    centre = tf.reduce_sum((tf.sigmoid(raw[..., :2]) - target[..., :2]) ** 2, -1) * here
    size = tf.reduce_sum((raw[..., 2:4] - target[..., 2:4]) ** 2, -1) * here
    kinds = target[..., 5:] * 0.97 + 0.03 / (target.shape[-1] - 5)
    kind = tf.nn.softmax_cross_entropy_with_logits(kinds, raw[..., 5:]) * here
    return tf.reduce_sum(thing + 8 * centre + 4 * size + 2 * kind, (1, 2, 3))


def main() -> None:
    options = photos.options(__doc__, steps=1200)
    keras.utils.set_random_seed(options.seed)
    every = photos.of_boxes(options.folder, WIDTH, HEIGHT)
    learned, _ = every.divided()
    anchors, count = yolo2.anchors_of(learned.points, COLUMNS, ROWS), len(every.names)
    network = keras.Sequential(
        [
            *(keras.Input((HEIGHT, WIDTH, 3)), *conv(16), *conv(32), *conv(64), *conv(96), *conv(96)),
            *(*conv(128, 1), layers.Conv2D(yolo2.ANCHORS * (5 + count), 1)),
        ]
    )
    batches = (
        (images, yolo2.targets(points, classes, anchors, COLUMNS, ROWS, count))
        for images, points, classes in learned.batches(options.seed)
    )
    train(network, batches, loss_of, 4e-3, options)
    save(network, options.name)
    photos.write_labels(options.name, every.names)
    yolo2.write_anchors(options.name, anchors)


if __name__ == "__main__":
    main()
