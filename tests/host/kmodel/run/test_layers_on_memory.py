"""Layers that work in the chip's memory leave both memories as the plain path does, byte for byte, unused ones too."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.v4_node import Padding, Range
from maixswitch.kmodel.run.native.cpu_layers import bind
from maixswitch.kmodel.run.roundings import ROUNDINGS
from maixswitch.kmodel.run.runners import runner_of
from maixswitch.kmodel.run.runtimes import RUNTIMES
from tests.host.kmodel import v4_files
from tests.host.kmodel.small_networks import Choice, network

pytestmark = pytest.mark.skipif(
    not (find_spec("numba") and find_spec("onnxruntime")), reason="numba or onnxruntime is not installed"
)
SIZES = [(7, 4), (16, 8), (15, 10), (9, 16), (14, 20), (12, 32), (15, 40), (6, 64), (33, 66), (5, 128)]
LAYERS = [
    [Choice(3, 5), Choice(1, 9), Choice(3, depthwise=True)],
    [Choice(1, 6, pool=1), Choice(3, 7, curve="leaky"), Choice(1, 3, curve="falling")],
    [Choice(3, 6, pool=1), Choice(3, depthwise=True, pool=5)],
    [Choice(3, depthwise=True, pool=1, curve="leaky"), Choice(3, 4, pool=6), Choice(1, 70, curve="wild")],
    [Choice(3, 9, curve="leaky"), Choice(3, depthwise=True, curve="wild"), Choice(1, 4, pool=5)],
]


def compare_paths(data: bytes, rounding: str, seed: int, runtime: str = "sdk") -> None:
    rng = np.random.default_rng(seed)
    models = [load(data, rounding, runtime, backend) for backend in ("onnxruntime", "numpy")]
    arrays = [rng.integers(0, 256, tensor.shape, np.uint8) for tensor in models[0].inputs]
    ram = rng.integers(0, 256, models[0].machine.ram.size, np.uint8)
    main = rng.integers(0, 128, models[0].machine.main.size, np.uint8)  # no float in it is infinite or NaN
    for model in models:
        model.machine.ram[:], model.machine.main[:] = ram, main
    for (layer, _), _ in zip(*(model.run_layers(*arrays) for model in models), strict=True):
        fast, plain = (model.machine for model in models)
        assert np.array_equal(fast.ram, plain.ram), f"AI RAM after {layer}"
        assert np.array_equal(fast.main, plain.main), f"main memory after {layer}"


@pytest.mark.parametrize("layers", LAYERS, ids=range(len(LAYERS)))
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_kpu_layers_leave_both_memories_as_the_plain_path_does(height: int, width: int, layers: list[Choice]) -> None:
    for rounding in ROUNDINGS:
        data = network(np.random.default_rng(width), 6, height, width, layers)
        compare_paths(data, rounding, height)


def test_layers_in_several_runs_of_lines() -> None:
    rng = np.random.default_rng(1)
    compare_paths(network(rng, 24, 50, 130, [Choice(3, 60, pool=1), Choice(3, depthwise=True)]), "v02", 1)
    compare_paths(network(rng, 3, 101, 300, [Choice(3, 20, pool=5), Choice(3, depthwise=True, pool=1)]), "v02", 2)


def bytes_file(shape: tuple[int, ...], overlap: int) -> bytes:
    """Return two sums of a map and itself; the second starts ``overlap`` bytes after the map."""
    file = v4_files.File()
    source = file.input(shape, v4_files.BYTE)
    computed = file.output(shape, v4_files.BYTE)
    over = Range(source.memory, source.datatype, source.start + overlap, source.size)
    numbers = {"a_offset": -7, "a_mul": 18730, "a_shift": 10, "b_offset": 3, "b_mul": 23091, "b_shift": 10}
    ends = {"out_offset": 104, "out_mul": 147631504, "out_shift": 32}
    full = (1, *shape)
    for op, out in ((0, computed), (1, over)):
        file.node(0x11, body.QuantizedBinary(source, computed, out, op, full, full, full, **numbers, **ends))
    return file.build()


def calls(model: KModel) -> list[bool]:
    """Return which layers are bound."""
    return [bind(layer, runner_of(model.version, layer.type), model.machine) is not None for layer in model.layers]


@pytest.mark.parametrize(("overlap", "bound"), [(0, True), (5, False)])
def test_sums_over_their_own_input(overlap: int, bound: bool) -> None:
    data = bytes_file((3, 7, 9), overlap)
    assert calls(load(data, backend="onnxruntime")) == [True, bound]
    compare_paths(data, "v02", 3)


@pytest.mark.parametrize("shape", [(5, 6, 16), (2, 7, 9), (3, 4, 70)])
def test_moves(shape: tuple[int, ...]) -> None:
    channels, height, width = shape
    file = v4_files.File()
    source = file.input(shape, v4_files.BYTE)
    wide = file.output((channels, height + 3, width - 1), v4_files.BYTE)
    real = file.output(wide_shape := (channels, height + 3, width - 1))
    back = file.output(wide_shape, v4_files.BYTE)
    none, value = Padding(0, 0), np.array([9, 0, 0, 0], np.uint8)
    file.node(0x05, moves.Pad(source, wide, (1, *shape), none, none, Padding(1, 2), Padding(0, -1), 1, value))
    file.node(0x03, body.Dequantize(wide, real, 12, np.float32(17.3)))
    file.node(0x06, body.Quantize(real, back, 31, np.float32(23.9)))
    upload = Range(v4_files.AI_RAM, v4_files.BYTE, 640, 64 * 64 * channels)
    file.node(0x2001, moves.KpuUpload(back, upload, (1, *wide_shape)))
    data = file.build()
    assert calls(load(data, backend="onnxruntime")) == [True] * 4
    for runtime in RUNTIMES:
        compare_paths(data, "v02", width, runtime)
