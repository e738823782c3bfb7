"""Damaged .tflite files: each is answered with one MaixSwitchError, and soon."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from maixswitch.convert.read.onnx_file import network_of
from maixswitch.convert.read.onnx_reader import graph_of
from maixswitch.convert.read.tflite import operators
from maixswitch.convert.read.tflite.builder import Tensor
from maixswitch.convert.read.tflite.network import model_of
from maixswitch.convert.read.tflite.operation import Operation
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from tests.host.convert.test_tflite_files import quantised, small_network
from tests.host.convert.tflite_builder import Build

WORDS = [0, 1, 2, 3, 4, 7, 127, 128, 255, 256, 4096, 65535, 65536, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]


def everything() -> bytes:
    """Return a network with many of the operators, one after another."""
    b = Build()
    x = b.input((1, 8, 8, 4))
    ints = lambda *numbers: b.constant(numbers, np.int32)  # noqa: E731
    conv = ("Conv2DOptions", {"Padding": 0, "StrideW": 2, "StrideH": 2, "FusedActivationFunction": 3})
    x = b.operator("PAD", [x, b.constant([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)])
    x = b.operator("CONV_2D", [x, b.constant(np.ones((4, 3, 3, 4))), b.constant(np.ones(4))], conv)
    parts = b.operator("SPLIT", [ints(3), x], ("SplitOptions", {"NumSplits": 2}), 2)
    x = b.operator("CONCATENATION", [parts, parts + 1], ("ConcatenationOptions", {"Axis": 3}))
    x = b.operator("RESIZE_NEAREST_NEIGHBOR", [x, ints(10, 10)], ("ResizeNearestNeighborOptions", {}))
    x = b.operator("STRIDED_SLICE", [x, ints(0, 0, 0, 0), ints(1, 8, 8, 4), ints(1, 1, 1, 1)],
                   ("StridedSliceOptions", {"BeginMask": 9}))  # fmt: skip
    x = b.operator("SPACE_TO_BATCH_ND", [x, ints(2, 2), b.constant([[1, 1], [1, 1]], np.int32)])
    x = b.operator("CONV_2D", [x, b.constant(np.ones((4, 3, 3, 4))), b.constant(np.ones(4))],
                   ("Conv2DOptions", {"Padding": 1, "StrideW": 1, "StrideH": 1}))  # fmt: skip
    x = b.operator("BATCH_TO_SPACE_ND", [x, ints(2, 2), b.constant([[0, 0], [0, 0]], np.int32)])
    x = b.operator("MEAN", [x, ints(1, 2)], ("ReducerOptions", {"KeepDims": True}))
    size = b.operator("MUL", [ints(2), ints(2)], ("MulOptions", {}), kind=np.int32)
    fill = b.operator("FILL", [size, b.constant(1.0)], kind=np.float32)
    tile = b.operator("TILE", [fill, ints(1)])
    x = b.operator("ADD", [x, tile], ("AddOptions", {}))
    x = b.operator("TRANSPOSE", [x, ints(0, 3, 1, 2)])
    x = b.operator("GATHER", [x, ints(1, 0, 2, 3)], ("GatherOptions", {"Axis": 1}))
    b.operator("RESHAPE", [x, ints(1, 4)], ("ReshapeOptions", {"NewShape": [1, 4]}))
    return b.file()


def mutated(draw: np.random.Generator, data: bytes) -> bytes:
    """Return the file with one to four changes: bytes, words, pieces that move, an end that is missing."""
    changed = bytearray(data)
    for _ in range(int(draw.integers(1, 5))):
        at, choice = int(draw.integers(len(changed))), int(draw.integers(8))
        if choice < 3:
            changed[at] = int(draw.integers(256))
        elif choice < 6:
            at -= at % 4
            changed[at : at + 4] = int(draw.choice(WORDS)).to_bytes(4, "little")
        elif choice == 6:
            end = int(draw.integers(len(changed)))
            changed[at : at + 16] = changed[end : end + 16]
        elif len(changed) > 64 and draw.integers(4) == 0:
            del changed[at:]
    return bytes(changed)


def judged(data: bytes) -> str:
    """Read a file as `convert` does before its first picture, and return what came of it."""
    path = Path("net.tflite")
    try:
        graph_of(network_of(model_of(data, path), path), path)
    except MaixSwitchError:
        return "refused"
    return "read"


def fuzz(count: int, seed: int) -> dict[str, int]:
    draw = np.random.default_rng(seed)
    seeds = [everything(), small_network(), quantised(np.int8, True), quantised(np.uint8, False)]
    results = {"refused": 0, "read": 0}
    for number in range(count):
        data = mutated(draw, seeds[number % len(seeds)])
        began = time.process_time()
        results[judged(data)] += 1
        assert time.process_time() - began < 5, number
    return results


def test_damaged_files_cause_nothing_but_the_packages_own_errors() -> None:
    assert judged(small_network()) == "read"
    results = fuzz(1500, 1)
    assert results["refused"] > 300
    assert results["read"] > 100


@pytest.mark.nightly
def test_many_damaged_files() -> None:
    fuzz(10_000, 2)


def test_a_bug_of_the_reader_is_not_reported_as_a_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(operation: Operation) -> Tensor:
        return operation.tensor().shape + None  # type: ignore[no-any-return, operator]

    monkeypatch.setitem(operators.READERS, "MEAN", broken)
    with pytest.raises(TypeError, match="can only concatenate"):
        model_of(small_network(), Path("net.tflite"))


def test_the_package_that_reads_the_file_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite", None)
    with pytest.raises(MaixSwitchError, match=r"pip install 'maixswitch\[convert\]'") as caught:
        model_of(small_network(), Path("net.tflite"))
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize("length", [8, 28, 40, 100, 400])
def test_a_file_that_ends_too_early(length: int) -> None:
    with pytest.raises(MaixSwitchError, match="this TensorFlow Lite file is damaged"):
        model_of(small_network()[:length], Path("net.tflite"))


def test_a_file_of_a_few_bytes_cannot_ask_for_much_memory() -> None:
    for kind, inputs in (("FILL", ([1 << 20, 1 << 20], 1.0)), ("TILE", ([1.0], [1 << 30]))):
        b = Build()
        x = b.input((1, 4))
        constants = [
            b.constant(one, np.int32 if isinstance(one, list) and one[0] > 1 else np.float32) for one in inputs
        ]
        b.operator("ADD", [x, b.operator(kind, constants)], ("AddOptions", {}))
        with pytest.raises(MaixSwitchError, match="too large"):
            model_of(b.file(), Path("net.tflite"))
