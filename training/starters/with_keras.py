"""What the three starters in Keras share: a layer, the training and the file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray


def conv(out: int, stride: int = 2) -> list[layers.Layer]:
    """A 3x3 convolution; stride 2 halves the picture; the batch norm costs nothing on the board.

    The KPU pads all four sides. Keras's padding="same" pads only two at stride 2, which takes more layers to imitate.
    """
    convolution = layers.Conv2D(out, 3, stride, use_bias=False)
    return [layers.ZeroPadding2D(1), convolution, layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.ReLU()]


def train(
    network: keras.Sequential,
    batches: Iterable[tuple[NDArray[np.float32], NDArray]],
    loss_of: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    rate: float,
    options: argparse.Namespace,
) -> None:
    """Train a network. batches: pictures (n, height, width, 3) with what the network should say. rate: the highest."""
    # Pictures differ more in colour and light than in what they show. Kernels whose weights sum to 0 begin with edges
    # alone; with others the classifier was still guessing after 600 steps (docs/networks.md).
    kernels = network.layers[1].kernel
    kernels.assign(kernels - tf.reduce_mean(kernels, (0, 1), keepdims=True))
    warmup = options.steps // 5
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 25, options.steps - warmup, warmup_target=rate, warmup_steps=warmup
    )
    network.compile(keras.optimizers.AdamW(schedule, weight_decay=0.02, global_clipnorm=20.0), loss_of)
    # An "epoch" is what Keras prints a line after.
    lines = max(1, options.steps // 100)
    network.fit(iter(batches), epochs=lines, steps_per_epoch=options.steps // lines, verbose=2)


def save(network: keras.Model, name: str) -> None:
    """Write NAME.tflite."""
    Path(f"{name}.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
