"""What each ONNX operator becomes on the board, for docs/convert.md; the readers are those of onnx_reader.HANDLERS."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.convert.read.onnx_reader import HANDLERS
from maixswitch.convert.refusals import OPERATORS

HOW = {
    "conv": (
        "a KPU layer",
        "1x1 and 3x3, depthwise or full; stride 2 and 4 as a pool that picks pixels; other paddings, kernels, groups "
        "where an exact rewriting exists; over a whole map: fully connected",
    ),
    "gemm": ("a fully connected layer in float32", "constant weights"),
    "matmul": ("a fully connected layer, along the channels a 1x1 convolution", "with a constant matrix"),
    "pool": (
        "the pool of the KPU layer before it, else a layer of its own",
        "2x2 and 4x4 with that stride, max 2x2 at stride 1; over the whole map: GlobalAveragePool",
    ),
    "global_mean": ("a float32 mean", "over height and width"),
    "batch_norm": ("folded into the convolution before or behind it", "constant parameters"),
    "concat": ("bytes one after another; the parts share one scale", "along the channels, or of flat tensors"),
    "softmax": ("float32 on the CPU", "over a flat tensor"),
    "resize": ("nearest neighbour, bytes repeated", "twice the size, or a power of two"),
    "pad": ("becomes padding of the convolution behind it", "constant"),
    "move": ("nothing moves, or the weights behind it are reordered", "where it is only another view"),
    "same": ("left out", ""),
    "cast": ("left out", "between float types, or of constants"),
    "binary": (
        "with a constant: folded; of two maps: an integer addition; of one tensor's functions (x * sigmoid(x)): curve",
        "two different maps only by Add or Sum",
    ),
    "unary": (
        "the table of 16 pieces in the KPU layer before it; of floats, as behind a dense layer: a clamp (`Relu`, "
        "`Clip`) is exact, `Sigmoid` float32; else a table of 256",
        "",
    ),
}
"""By the name of the reader: what the operators become, and within which limits."""


def rows() -> Iterator[tuple[str, str, str]]:
    """(operators, what they become, limits), one row per reader."""
    groups: dict[str, list[str]] = {}
    for operator, handler in HANDLERS.items():
        groups.setdefault(handler.__name__, []).append(operator)
    for reader, operators in groups.items():
        yield ", ".join(f"`{name}`" for name in operators), *HOW[reader]


def refused() -> Iterator[tuple[str, str]]:
    """(operators, what to do instead)."""
    groups: dict[str, list[str]] = {}
    for operator, remedy in OPERATORS.items():
        groups.setdefault(remedy, []).append(operator)
    for remedy, operators in groups.items():
        yield ", ".join(f"`{name}`" for name in operators), remedy
