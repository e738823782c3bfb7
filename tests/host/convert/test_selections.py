"""Split, Slice, Gather, channel shuffles: as in onnxruntime, and exact on the chip, if possible without a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import example, given, settings
from hypothesis import strategies as st

from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.selection import FlatSelection, Selection
from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime, kinds
from tests.host.convert.test_pools import emulated


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("picks")


def ints(b: Build, *numbers: int) -> str:
    return b.constant(numbers, np.int64)


def shaped(b: Build, name: str, channels: int, height: int, width: int) -> str:
    b.shapes[name] = (1, channels, height, width)
    return name


def shuffle(b: Build, x: str, groups: int) -> str:
    """Add a channel shuffle as PyTorch exports it."""
    _, c, h, w = b.shapes[x]
    x = b.transpose(b.reshape(x, (1, groups, c // groups, h, w)), (0, 2, 1, 3, 4))
    return shaped(b, b.reshape(x, (1, c, h, w)), c, h, w)


def split(b: Build, x: str, *sizes: int) -> list[str]:
    names = [f"{x}_part{index}" for index in range(len(sizes))]
    b.nodes.append(onnx.helper.make_node("Split", [x, ints(b, *sizes)], names, name=f"split_{x}", axis=1))
    return [shaped(b, name, size, *b.shapes[x][2:]) for name, size in zip(names, sizes, strict=True)]


def cut(b: Build, x: str, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...], *steps: int) -> str:
    inputs = [x, *(ints(b, *numbers) for numbers in (starts, ends, axes))] + ([ints(b, *steps)] if steps else [])
    return b.node("Slice", inputs)


def start(seed: int = 1, channels: int = 8) -> tuple[Build, str]:
    b = Build((1, 3, 12, 16), seed=seed)
    return b, b.curve(b.conv(b.input, channels), "Relu")


def test_a_shuffle_between_convolutions_is_free(folder: Path) -> None:
    b, x = start()
    x = b.conv(shuffle(b, x, 2), 4)
    graph = compare_with_onnxruntime(b.model(x), folder)
    assert kinds(graph) == ["Conv", "Conv"]
    emulated(graph)


def test_the_shuffle_of_fastestdet(folder: Path) -> None:
    """Reshape, Transpose, Reshape, Gather: the halves of a shuffled map, one for each branch."""
    b, x = start()
    x = b.transpose(b.reshape(x, (4, 2, 12 * 16)), (1, 0, 2))
    x = b.reshape(x, (2, -1, 4, 12, 16))
    halves = [shaped(b, b.node("Gather", [x, b.constant(i, np.int64)], axis=0), 4, 12, 16) for i in (0, 1)]
    graph = compare_with_onnxruntime(b.model(b.concat(halves[0], b.conv(halves[1], 4))), folder)
    # The first convolution writes the halves apart.
    assert kinds(graph) == ["Conv", "Conv", "Conv", "Concat"]
    emulated(graph)


def shufflenet(b: Build, x: str, blocks: int) -> str:
    """Add blocks of ShuffleNetV2 with stride 1."""
    for _ in range(blocks):
        half = b.shapes[x][1] // 2
        left, right = split(b, x, half, half)
        right = b.curve(b.norm(b.conv(right, half, 1)), "Relu")
        right = b.norm(b.conv(right, half, depthwise=True))
        right = b.curve(b.norm(b.conv(right, half, 1)), "Relu")
        x = shuffle(b, b.concat(left, right), 2)
    return x


def test_shufflenet_copies_half_of_the_channels_of_each_block(folder: Path) -> None:
    b, x = start(channels=12)
    model = b.model(b.gemm(b.flat(b.mean(b.conv(shufflenet(b, x, 3), 10, 1))), 5))
    graph = compare_with_onnxruntime(model, folder)
    # The first split is in the convolution before it; the two others leave a copy of one half.
    assert kinds(graph).count("Selection") == 2
    emulated(graph)


CASES: dict[str, tuple[Callable[[Build, str], str], list[str]]] = {
    "split of a convolution": (lambda b, x: b.concat(*split(b, x, 3, 5)[::-1]), ["Conv", "Conv", "Concat"]),
    "split, then curves": (
        lambda b, x: b.concat(
            *(b.curve(part, curve) for part, curve in zip(split(b, b.conv(x, 8), 4, 4), ("Tanh", "relu6"), strict=True))
        ),
        ["Conv", "Conv", "Conv", "Concat"],
    ),
    "a channel less": (lambda b, x: cut(b, x, (1,), (8,), (1,)), ["Conv"]),
    "channels backwards": (lambda b, x: cut(b, x, (-1,), (-100,), (1,), -1), ["Conv"]),
    "every third channel": (lambda b, x: cut(b, x, (0,), (100,), (1,), 3), ["Conv"]),
    "channels twice": (
        lambda b, x: b.node("Gather", [x, ints(b, 1, 1, -1, 0, 7, 6, 5, 4, 3)], axis=1),
        ["Conv", "Selection"],
    ),
    "the map and a part of it": (
        lambda b, x: b.concat(x, shaped(b, cut(b, x, (2,), (5,), (1,)), 3, 12, 16)),
        ["Conv", "Selection", "Concat"],
    ),
    "a rectangle": (lambda b, x: cut(b, x, (2, 1), (11, 9), (2, 3)), ["Conv", "Selection"]),
    "every second pixel": (lambda b, x: cut(b, x, (1, 0), (12, 16), (2, 3), 2, 2), ["Conv", "Selection"]),
    "a half with channels last": (
        lambda b, x: b.transpose(cut_last(b, b.transpose(x, (0, 2, 3, 1))), (0, 3, 1, 2)),
        ["Conv"],
    ),
    "a sum of halves": (lambda b, x: b.same("Add", split(b, x, 4, 4)), ["Conv", "Conv", "Add"]),
    "a part of the numbers": (
        lambda b, x: b.node("Slice", [b.flat(b.mean(x)), ints(b, 2), ints(b, 7), ints(b, 1)]),
        ["Conv", "GlobalMean", "FlatSelection"],
    ),
    "a function of a part": (
        lambda b, x: b.curve(shaped(b, cut(b, b.concat(x, b.conv(x, 4)), (2,), (9,), (1,)), 7, 12, 16), "swish"),
        [],
    ),
    "boxes of a part": (
        lambda b, x: b.node("Reshape", [cut(b, x, (2, 0), (6, 5), (1, 2)), ints(b, 1, -1)]),
        [],
    ),
}


def cut_last(b: Build, x: str) -> str:
    result = cut(b, x, (4,), (8,), (3,))
    b.shapes[result] = (*b.shapes[x][:3], 4)
    return result


@pytest.mark.parametrize("name", CASES)
def test_parts(name: str, folder: Path) -> None:
    make, expected = CASES[name]
    b, x = start(seed=len(name))
    graph = compare_with_onnxruntime(b.model(make(b, x)), folder)
    assert not expected or kinds(graph) == expected
    net, tensors = emulated(graph)
    for node in graph.nodes:
        if isinstance(node, Selection) and node.inputs[0] in tensors:
            before = tensors[node.inputs[0]][None].astype(np.float32)
            np.testing.assert_array_equal(node.evaluate([before])[0], tensors[node.output])
            assert net.scales[node.inputs[0]] == net.scales[node.output]


def test_channels_of_the_picture_go_into_the_first_weights(folder: Path) -> None:
    b = Build((1, 3, 12, 16))
    x = shaped(b, b.node("Gather", [b.input, ints(b, 2, 1, 0)], axis=1), 3, 12, 16)
    graph = compare_with_onnxruntime(b.model(b.conv(x, 5)), folder)
    assert kinds(graph) == ["Conv"]
    emulated(graph)


@st.composite
def slices(draw: st.DrawFn) -> tuple[tuple[int, int], list[tuple[int, int, int, int]]]:
    """Return the sides of a map and (axis, start, end, step) of any slice that leaves something."""
    sides = (draw(st.integers(4, 10)), draw(st.integers(4, 10)))
    numbers = []
    for axis in draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)):
        size = (1, 6, *sides)[axis]
        begin, end = draw(st.integers(-size - 2, size + 2)), draw(st.integers(-size - 2, size + 2))
        step = draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        if len(range(size)[begin:end:step]):
            numbers.append((axis, begin, end, step))
    return sides, numbers or [(1, 0, 3, 1)]


@given(slices())
@example(((4, 4), [(2, -1, -5, -1)]))
@example(((5, 7), [(2, -1, -9, -1), (3, 6, -8, -1)]))
@settings(max_examples=24, deadline=None)
def test_every_slice_is_as_in_onnxruntime(
    folder: Path, case: tuple[tuple[int, int], list[tuple[int, int, int, int]]]
) -> None:
    sides, numbers = case
    b = Build((1, 2, *sides), seed=len(numbers))
    axes, starts, ends, steps = zip(*numbers, strict=True)
    graph = compare_with_onnxruntime(b.model(cut(b, b.conv(b.input, 6), starts, ends, axes, *steps)), folder)
    if sum(sides) % 4 == 0:  # the emulator takes longer
        emulated(graph)


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), min_size=1, max_size=9), st.booleans())
@settings(max_examples=20, deadline=None)
def test_every_choice_of_channels(folder: Path, order: list[int], chosen: list[int], shared: bool) -> None:
    b = Build((1, 3, 4, 6), seed=len(chosen))
    x = b.curve(b.conv(b.input, 6), "Relu")
    first = shaped(b, b.node("Gather", [x, ints(b, *order)], axis=1), 6, 4, 6)
    second = shaped(b, b.node("Gather", [first, ints(b, *chosen)], axis=1), len(chosen), 4, 6)
    outputs = [b.conv(second, 3), b.conv(first, 2)] if shared else [second]
    emulated(compare_with_onnxruntime(b.model(*outputs), folder))


def test_a_part_that_no_layer_has_is_refused(folder: Path) -> None:
    b = Build((1, 3, 120, 160))
    x = cut(b, b.conv(b.input, 64), (0,), (160,), (3,), 3)
    with pytest.raises(MaixSwitchError, match=r"\(Slice\): it takes .* pieces of memory .* every second pixel"):
        read(save(b.model(x), folder / "net.onnx"))


@pytest.mark.parametrize("positions", [(9,), (-9,)])
def test_positions_outside_the_axis_are_refused(positions: tuple[int, ...], folder: Path) -> None:
    b, x = start()
    with pytest.raises(MaixSwitchError, match=r"\(Gather\): it does not fit shape"):
        read(save(b.model(b.node("Gather", [x, ints(b, *positions)], axis=1)), folder / "net.onnx"))


def test_every_form_was_tried(folder: Path) -> None:
    b, x = start()
    model = b.model(CASES["a rectangle"][0](b, x), CASES["a part of the numbers"][0](b, x))
    nodes = {type(node) for node in read(save(model, folder / "net.onnx")).nodes}
    assert nodes >= {Conv, Selection, FlatSelection}
