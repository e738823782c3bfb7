"""The nodes of kmodel v4 that use the KPU's memory, each in its own file."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.v4_node import Range
from maixswitch.kmodel.write.kpu_layers import conv_registers
from tests.host.kmodel.kmodel_cases import BACKEND_CASES
from tests.host.kmodel.run import slow_kpu
from tests.host.kmodel.small_networks import Choice, part
from tests.host.kmodel.v4_files import AI_RAM, BYTE, MAIN, File


def octets(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("to_main", [True, False], ids=["to main memory", "in the AI RAM"])
def test_kpu_conv2d_in_batches(to_main: bool, backend: str) -> None:
    """Every picture is convolved by itself and written after the one before."""
    rng = np.random.default_rng(5)
    x, kernel = octets((3, 2, 5, 18)), part(rng, 2, Choice(3, 3))
    operand, computed = MapLayout(2, 5, 18), MapLayout(3, 5, 18)
    file = File()
    source = file.input(x.shape, BYTE)
    file.inputs[0] = Range(AI_RAM, BYTE, 0, 3 * operand.size), x.shape
    registers = conv_registers(kernel, operand, computed, 0, False, to_main)
    registers.update(image_src_addr=0, image_dst_addr=1000)
    offset = file.room((3, 3, 5, 18), BYTE) if to_main else Range(0, 0, 0, 0)
    file.outputs.append(offset if to_main else Range(AI_RAM, BYTE, 64000, 3 * computed.size))
    file.conv(moves.KpuHead(offset, 3, 0), registers, kernel)
    assert source.size == x.size
    model = load(file.build(), backend=backend)
    assert model.outputs[0].shape == (3, 3, 5, 18)
    norm = list(zip(kernel.norm.mul.tolist(), kernel.norm.shift.tolist(), kernel.norm.add.tolist(), strict=True))
    curve = kernel.activation
    table = list(zip(*(c.tolist() for c in (curve.start, curve.mul, curve.shift, curve.bias)), strict=True))
    expected = [slow_kpu.layer(image, kernel.weights.tolist(), registers, norm, table, "v02") for image in x.tolist()]
    assert model.run(x)[0].tolist() == np.array(expected).reshape(-1).tolist()


def test_kpu_upload_lays_out_every_picture() -> None:
    file = File()
    x = octets((2, 5, 3, 20))
    operand = file.input(x.shape, BYTE)
    rows = 3 * 3  # two channels side by side, three blocks of three lines
    file.node(0x2001, moves.KpuUpload(operand, Range(AI_RAM, BYTE, 128, 2 * rows * 64), x.shape))
    file.node(9, moves.MemoryCopy(Range(MAIN, BYTE, operand.start, 20), file.output((20,), BYTE)))
    model = load(file.build())
    model.run(x)
    for n, c, y, z in np.ndindex(x.shape):
        offset = 128 + (n * rows + c // 2 * 3 + y) * 64 + c % 2 * 32 + z
        assert model.machine.ram[offset] == x[n, c, y, z]
