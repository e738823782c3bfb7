"""Layers for the KPU of the virtual K210: what the registers and tables of a random one hold, and what it computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.format.registers import encode_activation, encode_block, encode_norm
from maixswitch.kmodel.format.v3_layers import KpuConv
from maixswitch.kmodel.run.model import load
from tests.host.kmodel.small_networks import Choice, network

ALIGNMENT = 256


@dataclass(frozen=True)
class Layer:
    """block: twelve 64-bit words. tables: what lies at the address that the layer was made for.

    source: the first row of its input in the KPU's memory, target: that of its output.
    stored: the input as it lies in the KPU's memory. expected: the result, (channels, height, width).
    """

    block: bytes
    tables: bytes
    wide: bool
    source: int
    target: int
    stored: bytes
    expected: NDArray[np.uint8]


def random_layer(
    seed: int, channels: int, height: int, width: int, choice: Choice, address: int, to_main: bool = True
) -> Layer:
    """Return a layer whose tables lie at an address of the chip."""
    rng = np.random.default_rng(seed)
    # The numpy backend is not the one that the virtual K210 uses, so the two check each other.
    # The chip copies every byte; that MaixPy asks for one less in lines of 64 pixels is not the chip's doing.
    model = load(network(rng, channels, height, width, [choice]), runtime="canmv", backend="numpy")
    spec = model.program.layers[0].spec
    assert isinstance(spec, KpuConv)
    conv = spec.conv
    image = rng.integers(0, 256, (channels, height, width)).astype(np.uint8)
    (expected,) = model.run(image)
    memory = np.zeros(1 << 21, np.uint8)
    conv.input.write(memory, conv.source, image)
    stored = memory[conv.source * 64 :][: conv.input.size].tobytes()

    tables, starts = b"", []
    wide = conv.weights.dtype.itemsize == 2
    for table in (
        conv.weights.astype("<u2" if wide else np.uint8).tobytes(),
        encode_norm(conv.norm),
        encode_activation(conv.activation),
    ):
        starts.append(address + len(tables))
        tables += table + bytes(-len(table) % ALIGNMENT)
    registers = dict(conv.registers)
    registers.update(para_start_addr=starts[0], bwsx_base_addr=starts[1], active_addr=starts[2])
    registers.update(int_en=1, send_data_out=int(to_main))
    shape = (conv.output.channels, conv.output.height, conv.output.width)
    return Layer(encode_block(registers), tables, wide, conv.source, conv.target, stored, expected.reshape(shape))
