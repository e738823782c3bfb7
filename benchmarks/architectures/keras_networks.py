"""Networks of Keras: its tutorials' and keras.applications', without weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def mnist_tutorial(width: int, height: int) -> Any:
    """Return the CNN of keras.io's "Simple MNIST convnet"."""
    return keras.Sequential([
        keras.Input((height, width, 1)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def cifar_tutorial(width: int, height: int) -> Any:
    """Return the CNN of TensorFlow's tutorial "Convolutional Neural Network (CNN)"."""
    return keras.Sequential([
        keras.Input((height, width, 3)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10),
    ])  # fmt: skip


def mobilenet_v1(width: int, height: int, alpha: float) -> Any:
    """Return keras.applications' MobileNet of 1000 classes; alpha: factor of the channels."""
    return keras.applications.MobileNet((height, width, 3), alpha=alpha, weights=None)


def mobilenet_v2(width: int, height: int, alpha: float) -> Any:
    """Return keras.applications' MobileNetV2 of 1000 classes; alpha: factor of the channels."""
    return keras.applications.MobileNetV2((height, width, 3), alpha=alpha, weights=None)
