"""Builds networks with random weights and the statistics of trained ones, and writes them as ONNX or .tflite.

Convolutions get He's initial weights. Then pictures run through the network as in training, so that each batch norm has
the mean and deviation of its own input: without that, deep networks have no signal at their end.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from . import KERAS, Network
from .pictures import drawn

PICTURES, SEED = 32, 1


def export(network: Network, path: Path) -> None:
    """Write the network to the path. Raises ModuleNotFoundError if its library is missing."""
    architecture = network.architecture
    pixels = drawn(PICTURES, SEED, network.size, architecture.channels).astype("float32") / 255
    write = _export_keras if architecture.framework == KERAS else _export_torch
    write(architecture.module, architecture.function, architecture.arguments, pixels, path)


def _export_torch(module: str, function: str, arguments: dict[str, Any], pixels: Any, path: Path) -> None:
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    network = getattr(import_module(f"{__package__}.{module}"), function)(**arguments)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight)
    for norm in norms:
        # A trained network's channels are not all of the same size and mean, either.
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = None
    network.eval()
    for norm in norms:
        norm.train()
    batches = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().split(PICTURES // 2)
    with torch.no_grad():
        for batch in batches:
            network(batch)
    network.eval()
    with warnings.catch_warnings():
        # The exporter that needs no further package is called old on each use.
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (batches[0][:1],), str(path), opset_version=13, dynamo=False)


def _export_keras(module: str, function: str, arguments: dict[str, Any], pixels: Any, path: Path) -> None:
    import keras
    import tensorflow

    keras.utils.set_random_seed(SEED)
    height, width = pixels.shape[1:3]
    network = getattr(import_module(f"{__package__}.{module}"), function)(width, height, **arguments)
    draw = keras.random.SeedGenerator(SEED)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.gamma.assign(keras.random.uniform(layer.gamma.shape, 0.5, 1.5, seed=draw))
            layer.beta.assign(keras.random.normal(layer.beta.shape, 0, 0.2, seed=draw))
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            _he(layer.kernel, layer.kernel.shape[0] * layer.kernel.shape[1], draw)
        elif isinstance(layer, keras.layers.Conv2D):
            shape = layer.kernel.shape
            _he(layer.kernel, shape[0] * shape[1] * shape[2], draw)
    network(pixels, training=True)
    path.write_bytes(tensorflow.lite.TFLiteConverter.from_keras_model(network).convert())


def _he(kernel: Any, inputs: int, draw: Any) -> None:
    import keras

    kernel.assign(keras.random.normal(kernel.shape, 0, (2 / inputs) ** 0.5, seed=draw))

