"""MatMul with a constant matrix: a fully connected layer, or a 1x1 convolution if it is along the channels of a map."""

from __future__ import annotations

import numpy as np

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import is_channels_last, like_channels_last
from maixswitch.convert.graph.window import Window
from maixswitch.convert.refusals import AGAIN, FLATTEN
from maixswitch.language import tr, word

from .conv import Conv
from .fully_connected import check_matrix, connect
from .operator import Operator


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a FullyConnected, or a Conv for a map whose channels come last."""
    value, matrix = importer.value(node), importer.weights(node, 1)
    if matrix.ndim != 2:
        raise node.refused(tr("its matrix has shape {shape}", shape=matrix.shape), word("use Gemm"))
    if not value.shape:
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    check_matrix(node, matrix.T, value.shape[-1])
    out, shape = matrix.shape[1], importer.shape(value)
    # A single row is a dense layer, whatever axes of length 1 come before it.
    if int(np.prod(value.shape)) == value.shape[-1]:
        connect(importer, node, matrix.T, np.zeros(out), (*value.shape[:-1], out))
    # With channels last, the matrix multiplies each pixel by itself, which is a 1x1 convolution.
    elif is_channels_last(value, shape):
        weights, window = matrix.T[:, :, None, None], Window((1, 1))
        conv = Conv((node.name,), (value.tensor,), node.outputs[0], weights, np.zeros(out), window=window)
        size = (out, *shape[1:])
        importer.produce(node, conv, size, like_channels_last(size))
    else:
        raise node.refused(tr("its input has shape {shape}, not (1, n)", shape=value.shape), word(FLATTEN))


OPERATORS = (
    Operator(
        ("MatMul",), read, "a fully connected layer, along the channels a 1x1 convolution", "with a constant matrix"
    ),
)
