"""Compiled CPU layers give the bits of the plain path, for odd windows and for numbers that round strangely."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format import v4_cpu_layers as cpu
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding
from maixswitch.kmodel.run.native.cpu_layers import bind
from maixswitch.kmodel.run.runners import runner_of
from maixswitch.kmodel.run.runtimes import RUNTIMES
from tests.conftest import ROOT
from tests.host.kmodel import v4_files

pytestmark = pytest.mark.skipif(
    not (find_spec("numba") and find_spec("onnxruntime")), reason="numba or onnxruntime is not installed"
)
FREE = Clamp(*map(np.float32, v4_files.NO_CLAMP))
TINY, SIGNED = 1e-30, 0.0
"""Values whose products are no normal float32, and values of which many are 0.0 or -0.0."""


def random_geometry(rng: np.random.Generator) -> Geometry:
    pads = [Padding(*map(int, rng.integers(0, 3, 2))) for _ in range(2)]
    return Geometry(*pads, *map(int, (*rng.integers(1, 4, 2), *rng.integers(1, 4, 2), *rng.integers(1, 3, 2))))


def reals(rng: np.random.Generator, shape: tuple[int, ...], kind: float | None = None) -> np.ndarray:
    values = rng.normal(size=shape).astype(np.float32)
    if kind == SIGNED:
        return np.copysign(np.float32(0), values) * np.float32(1) if rng.random() < 0.3 else np.trunc(values)
    return values if kind is None else values * np.float32(kind)


def same_bits(data: bytes, arrays: list[np.ndarray], bound: bool = True) -> None:
    for runtime in RUNTIMES:
        fast, plain = (load(data, "v02", runtime, backend) for backend in ("onnxruntime", "numpy"))
        layer = fast.layers[0]
        assert (bind(layer, runner_of(4, layer.type), fast.machine) is not None) == bound
        for quick, slow in zip(fast.run(*arrays), plain.run(*arrays), strict=True):
            assert quick.tobytes() == slow.tobytes(), runtime


CASES = range(24)


@pytest.mark.parametrize("case", CASES)
def test_convolutions_of_floats(case: int) -> None:
    rng = np.random.default_rng(case)
    kind = (None, TINY, SIGNED)[case % 3]
    geometry, last = random_geometry(rng), case % 4 == 3
    groups = int(rng.choice([1, 2, 3]))
    inner, out = int(rng.integers(1, 4)), groups * int(rng.integers(1, 7))
    height, width = map(int, rng.integers(9, 40, 2))
    clamp = FREE if case % 2 else Clamp(np.float32(0), np.float32(6))
    file = v4_files.File()
    if last:
        channels = inner * groups
        source = file.input((height, width, channels))
        shape = (1, height, width, channels)
        weights = reals(rng, (out, geometry.filter_h, geometry.filter_w, channels), kind)
        node: object = cpu.CpuConv2d(
            source, source, shape, out, geometry, clamp, weights, reals(rng, (out,), kind) + np.float32(0)
        )
    else:
        shape = (1, inner * groups, height, width)
        source = file.input(shape[1:])
        weights = reals(rng, (out, inner, geometry.filter_h, geometry.filter_w), kind)
        bias = reals(rng, (out,), kind) + np.float32(0)
        node = body.Conv2d(source, source, shape, groups, out, geometry, clamp, weights, bias)
    node = replace(node, output=file.output(node.shapes()["output"]))  # type: ignore[attr-defined, type-var]
    file.node(0x1001 if last else 0x02, node)
    same_bits(file.build(), [reals(rng, shape, kind)])


@pytest.mark.parametrize("case", CASES)
def test_convolutions_of_bytes(case: int) -> None:
    rng = np.random.default_rng(case)
    geometry, depthwise, last = random_geometry(rng), case % 4 == 2, case % 4 >= 2
    channels, out = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    height, width = map(int, rng.integers(9, 40, 2))
    # Extreme offsets wrap around in int32, as in the source.
    extreme = 1 << 31 if case % 5 == 0 else 256
    offsets = [int(number) for number in rng.integers(-extreme, extreme, 2)]
    numbers = (*offsets, int(rng.integers(1 << 20, 1 << 30)), int(rng.integers(20, 45)), 7)
    kernel = geometry.filter_h, geometry.filter_w
    out = channels if depthwise else out
    bias = rng.integers(-(1 << 20), 1 << 20, out).astype(np.int32)
    file = v4_files.File()
    node: object
    if last:
        shape = (1, height, width, channels)
        source = file.input(shape[1:], v4_files.BYTE)
        size = (channels, *kernel) if depthwise else (out, *kernel, channels)
        weights = rng.integers(0, 256, size, np.uint8)
        ends = (geometry, *numbers, weights, bias)
        node = (
            cpu.CpuQuantizedDepthwiseConv2d(source, source, shape, *ends)
            if depthwise
            else cpu.CpuQuantizedConv2d(source, source, shape, out, *ends)
        )
    else:
        shape = (1, channels, height, width)
        source = file.input(shape[1:], v4_files.BYTE)
        weights = rng.integers(0, 256, (out, channels, *kernel), np.uint8)
        node = body.QuantizedConv2d(source, source, shape, 1, out, geometry, *numbers, bias, weights)
    node = replace(node, output=file.output(node.shapes()["output"], v4_files.BYTE))  # type: ignore[attr-defined, type-var]
    file.node((0x1005 if depthwise else 0x1004) if last else 0x0F, node)
    same_bits(file.build(), [rng.integers(0, 256, shape, np.uint8)])


@pytest.mark.parametrize("case", CASES)
def test_windows_and_binaries(case: int) -> None:
    rng = np.random.default_rng(case)
    shape = (1, *map(int, rng.integers(4, 12, 3)))
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45], np.float32)
    values = reals(rng, shape, SIGNED)
    values.reshape(-1)[rng.integers(0, values.size, 20)] = rng.choice(special, 20)
    clamp = FREE if case % 2 else Clamp(np.float32(-0.0), np.float32(1))
    file = v4_files.File()
    source = file.input(shape[1:])
    window = body.ReduceWindow(source, source, case % 4, shape, random_geometry(rng), np.float32(case % 3 - 1), clamp)
    file.node(0x08, replace(window, output=file.output(window.shapes()["output"])))
    same_bits(file.build(), [values])
    file = v4_files.File()
    first, second = tuple(np.where(rng.random(4) < 0.5, 1, shape).tolist()), shape
    if case % 3 == 2:
        first, second = second, first
    a, b = file.input(first[1:]), file.input(second[1:])
    file.node(0x00, body.Binary(a, b, file.output(shape[1:]), case % 6, first, second, shape, clamp))
    same_bits(
        file.build(),
        [rng.choice(special, first), rng.permutation(values.reshape(-1))[: np.prod(second)].reshape(second)],
    )


def test_weights_that_are_not_finite_use_the_plain_path() -> None:
    """A tap outside the picture adds nothing; infinity times the border's 0 would be NaN."""
    geometry = Geometry(Padding(1, 1), Padding(1, 1), 3, 3, 1, 1, 1, 1)
    weights = np.ones((2, 1, 3, 3), np.float32)
    weights[0, 0, 0, 0] = np.inf
    file = v4_files.File()
    source = file.input((1, 5, 5))
    out = file.output((2, 5, 5))
    file.node(0x02, body.Conv2d(source, out, (1, 1, 5, 5), 1, 2, geometry, FREE, weights, np.zeros(2, np.float32)))
    same_bits(file.build(), [np.ones((1, 1, 5, 5), np.float32)], bound=False)


PROGRAM = """
import sys
from maixswitch.kmodel.run.native import curve_loops, jit
import numpy as np
sys.stderr.isatty = lambda: True
jit._folder = lambda: sys.argv[1]
loop = jit.jit(curve_loops.by_formula.py_func)
for _ in range(2):
    loop(np.zeros(4), np.array([0, 1, 0, 0]), np.zeros(8), np.zeros(4, np.uint8))
"""


def test_a_cold_cache_is_announced_once_and_filled(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host"), "TERM": "xterm"}

    def run() -> str:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stderr

    assert run().count("compiling the emulator's loops") == 1
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name.rpartition(".")[2] for name in kept} == {"nbi", "nbc"}
    assert run() == ""
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
