"""Builds networks with random weights and the statistics of trained ones, and writes them as ONNX or .tflite.

Pictures run through the network as in training, so that each batch norm has the mean and deviation of its own input:
without that, deep networks have no signal at their end.

This draw was chosen after a first one: with He's white weights, MobileNetV1 0.25 amplifies noise by itself (in floats
at 128x128, noise of -45 dB in the picture left 6 dB at the output), and its kmodel had 11 dB. So the agreement of these
networks with their kmodels tells about the converter, but does not foretell that of trained ones.

As in most trained networks, kernels are smooth here, and batch norms lift most of their map above the kink of the relu.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import KERAS, Network
from .drawn import drawn

PICTURES, SEED = 16, 1
SMOOTH = 0.7
"""Share of the amplitude of a kernel that is a smooth bump of random height; the rest is white."""
GAMMA, BETA = (0.5, 1.5), (1.0, 0.5)
"""Of a batch norm: lowest and highest factor; mean and deviation of what is added."""


def export(network: Network, path: Path) -> None:
    """Write the network to the path. Raises ModuleNotFoundError if its library is missing."""
    architecture = network.architecture
    pixels = drawn(PICTURES, SEED, network.size, architecture.channels).astype("float32") / 255
    write = _export_keras if architecture.framework == KERAS else _export_torch
    write(architecture.module, architecture.function, architecture.arguments, pixels, path)


def kernels(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return random kernels (outputs, inputs, height, width) with He's deviation."""
    height, width = shape[2:]
    deviation = np.sqrt(2 / np.prod(shape[1:]))
    white = random.normal(0, deviation, shape)
    if height == width == 1:
        return white.astype(np.float32)
    across, down = (np.sin(np.pi * np.arange(1, side + 1) / (side + 1)) for side in (width, height))
    bump = np.outer(down, across)
    smooth = random.normal(0, deviation, (*shape[:2], 1, 1)) * bump / np.sqrt(np.mean(bump**2))
    return (SMOOTH * smooth + np.sqrt(1 - SMOOTH**2) * white).astype(np.float32)


def _export_torch(module: str, function: str, arguments: dict[str, Any], pixels: Any, path: Path) -> None:
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    network = getattr(import_module(f"{__package__}.{module}"), function)(**arguments)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    random = np.random.default_rng(SEED)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.data = torch.from_numpy(kernels(random, tuple(layer.weight.shape)))
    for norm in norms:
        nn.init.uniform_(norm.weight, *GAMMA)
        nn.init.normal_(norm.bias, *BETA)
        norm.momentum = None
    network.eval()
    for norm in norms:
        norm.train()
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        network(batch)
    network.eval()
    with warnings.catch_warnings():
        # The exporter that needs no further package is called old on each use.
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (batch[:1],), str(path), opset_version=13, dynamo=False)


def _export_keras(module: str, function: str, arguments: dict[str, Any], pixels: Any, path: Path) -> None:
    import keras
    import tensorflow

    keras.utils.set_random_seed(SEED)
    height, width = pixels.shape[1:3]
    network = getattr(import_module(f"{__package__}.{module}"), function)(width, height, **arguments)
    random = np.random.default_rng(SEED)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.gamma.assign(random.uniform(*GAMMA, layer.gamma.shape))
            layer.beta.assign(random.normal(*BETA, layer.beta.shape))
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.kernel.assign(
                kernels(random, (*layer.kernel.shape[2:], *layer.kernel.shape[:2])).transpose(2, 3, 0, 1)
            )
        elif isinstance(layer, keras.layers.Conv2D):
            height, width, ins, outs = layer.kernel.shape
            layer.kernel.assign(kernels(random, (outs, ins, height, width)).transpose(2, 3, 1, 0))
    network(pixels, training=True)
    # TensorFlow prints the signature of the network, which is not part of this program's output.
    with contextlib.redirect_stdout(sys.stderr):
        path.write_bytes(tensorflow.lite.TFLiteConverter.from_keras_model(network).convert())
