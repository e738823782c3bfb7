"""Pad along the channels, as BlazeFace widens its shortcuts, and arithmetic on some elements of a tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_channels_last import FIRST, LAST, same_as_onnxruntime


def pad(b: Build, x: str, widths: list[int], number: float = 0.0) -> str:
    y = b.node("Pad", [x, b.constant(widths, np.int64), b.constant(number)])
    b.shapes[y] = tuple(s + widths[i] + widths[i + 4] for i, s in enumerate(b.shapes[x]))
    return y


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(0, 3), st.integers(0, 5)).filter(any),
    st.tuples(*[st.integers(0, 1)] * 4),
    st.sampled_from([0.0, 0.75]),
    st.booleans(),
)
def test_more_channels(
    tmp_path_factory: pytest.TempPathFactory,
    more: tuple[int, int],
    borders: tuple[int, int, int, int],
    number: float,
    last: bool,
) -> None:
    """In both layouts, with and without a border of zeros, which a convolution behind it takes in."""
    b = Build((1, 3, 8, 9), 2)
    x = b.curve(b.conv(b.input, 4), "Relu")
    top, left, bottom, right = borders if number == 0 else (0, 0, 0, 0)
    first = [0, more[0], top, left, 0, more[1], bottom, right]
    if last:
        order = [first[i] for i in (0, 2, 3, 1, 4, 6, 7, 5)]
        x = b.transpose(pad(b, b.transpose(x, LAST), order, number), FIRST)
    else:
        x = pad(b, x, first, number)
    same_as_onnxruntime(save(b.model(b.conv(x, 5, 3, pads=[0] * 4)), tmp_path_factory.mktemp("n") / "net.onnx"))


def shortcut() -> onnx.ModelProto:
    """Return a block of BlazeFace: a pooled and widened map is added to a convolution of half the size."""
    b = Build((1, 3, 32, 32), 3)
    x = b.curve(b.conv(b.input, 8), "Relu")
    wide = pad(b, b.pool(x, "MaxPool", 2), [0, 0, 0, 0, 0, 8, 0, 0])
    return b.model(b.curve(b.same("Add", [wide, b.conv(x, 16, stride=2)]), "Relu"))


def test_a_shortcut_in_integers(tmp_path: Path) -> None:
    path = save(shortcut(), tmp_path / "net.onnx")
    facts = convert(Options(path, tmp_path / "n.kmodel"))
    assert facts.nearness[facts.quantised.origin[facts.quantised.outputs[0]]].snr > 30


@pytest.mark.parametrize(
    ("widths", "mode"), [([0, 1, 0, 0, 0, 0, 0, 0], "edge"), ([0, 1, 0, 0, 0, -1, 0, 0], "constant")]
)
def test_channels_that_are_no_copies(widths: list[int], mode: str, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), 2)
    y = b.node("Pad", [b.conv(b.input, 4), b.constant(widths, np.int64)], mode=mode)
    b.shapes[y] = (1, 4 + widths[1] + widths[5], 8, 8)
    with pytest.raises(MaixSwitchError, match=r"\(Pad\): its "):
        read(save(b.model(y), tmp_path / "net.onnx"))


@pytest.mark.parametrize(
    ("kind", "swapped"),
    [*((kind, swapped) for kind in ("Mul", "Add", "Sub") for swapped in (False, True)), ("Div", False)],
)
def test_some_elements_and_a_constant_for_each(kind: str, swapped: bool, tmp_path: Path) -> None:
    """The boxes of an SSD: the first two numbers of each are moved by the position of its anchor."""
    b = Build((1, 3, 8, 8), 2)
    boxes = b.reshape(b.transpose(b.conv(b.input, 4), LAST), (1, 64, 4))
    middle = b.node("Slice", [boxes, *(b.constant(n, np.int64) for n in ([0], [2], [2]))])
    b.shapes[middle] = (1, 64, 2)
    numbers = b.constant(1 + np.random.default_rng(1).random((1, 64, 2)))
    if kind == "Div" and swapped:
        return
    y = b.same(kind, [numbers, middle] if swapped else [middle, numbers])
    same_as_onnxruntime(save(b.model(y), tmp_path / "net.onnx"))
