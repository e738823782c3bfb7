"""ConvTranspose: the numbers of onnxruntime, and the bytes of the plain model."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import document
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime
from tests.host.convert.test_pools import emulated

Axis = tuple[int, int, int, int, int]


def add_transposed(b: Build, x: str, out: int, kernel: tuple[int, int], group: int = 1, **attributes: object) -> str:
    channels = b.shapes[x][1]
    weights = b.random.normal(
        0, (channels / group * kernel[0] * kernel[1] / 4) ** -0.5, (channels, out // group, *kernel)
    )
    bias = b.constant(b.random.normal(0, 0.1, out))
    return b.node("ConvTranspose", [x, b.constant(weights), bias], group=group, **attributes)


@st.composite
def axes(draw: st.DrawFn, stride: int) -> Axis:
    """Draw kernel, dilation, padding before and behind, and output padding of an axis that grows."""
    size, gap = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    reach = (size - 1) * gap + 1
    extra = draw(st.integers(0, stride - 1))
    total = draw(st.integers(0, max(reach + extra - stride, 0) + 3))
    before = draw(st.integers(0, total))
    return size, gap, before, total - before, extra


def drawn(data: st.DataObject, stride: int, group: int, seed: int) -> tuple[Build, str]:
    """Draw a ConvTranspose behind a convolution; return the builder and the result."""
    down, right = data.draw(axes(stride)), data.draw(axes(stride))
    b = Build((1, 3, 7, 6), seed)
    y = add_transposed(
        b,
        b.conv(b.input, 4),
        4,
        (down[0], right[0]),
        group,
        strides=[stride] * 2,
        dilations=[down[1], right[1]],
        pads=[down[2], right[2], down[3], right[3]],
        output_padding=[down[4], right[4]],
    )
    return b, y


@settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), stride=st.integers(1, 4), group=st.sampled_from([1, 2, 4]), seed=st.integers(0, 99))
def test_numbers_are_those_of_onnxruntime(data: st.DataObject, stride: int, group: int, seed: int) -> None:
    b, y = drawn(data, stride, group, seed)
    with TemporaryDirectory() as folder:
        compare_with_onnxruntime(b.model(b.node("LeakyRelu", [y], alpha=0.2)), Path(folder), near=1e-4)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), stride=st.integers(1, 4), group=st.sampled_from([1, 2, 4]), seed=st.integers(0, 99))
def test_bytes_are_those_of_the_plain_model(data: st.DataObject, stride: int, group: int, seed: int) -> None:
    b, y = drawn(data, stride, group, seed)
    with TemporaryDirectory() as folder:
        emulated(read(save(b.model(y), Path(folder) / "net.onnx")))


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("kernel", [(3, 3), (4, 2), (2, 5)])
def test_same_padding(auto: str, kernel: tuple[int, int], tmp_path: Path) -> None:
    b = Build((1, 3, 7, 6), 2)
    y = add_transposed(b, b.conv(b.input, 4), 5, kernel, auto_pad=auto, strides=[2, 2])
    compare_with_onnxruntime(b.model(y), tmp_path, near=1e-4)


@pytest.mark.parametrize("sides", [[14, 12], [13, 11], [13, 12]])
@pytest.mark.parametrize("auto", ["NOTSET", "SAME_UPPER"])
def test_a_stated_size(auto: str, sides: list[int], tmp_path: Path) -> None:
    b = Build((1, 3, 7, 6), 2)
    y = add_transposed(b, b.conv(b.input, 4), 3, (4, 4), auto_pad=auto, strides=[2, 2], output_shape=sides)
    compare_with_onnxruntime(b.model(y), tmp_path, near=1e-4)


@pytest.mark.parametrize(
    ("kernel", "pads", "extra"),
    [(2, 0, 0), (4, 1, 0), (3, 1, 1), (3, 1, 0), (3, 0, 0), (4, 0, 0)],
    ids=["2x2", "4x4", "3x3", "cropped", "3x3 without padding", "4x4 without padding"],
)
def test_a_network_that_enlarges_its_map(kernel: int, pads: int, extra: int, tmp_path: Path) -> None:
    b = Build((1, 3, 24, 32), seed=3)
    x = b.curve(b.conv(b.input, 16), "Relu")
    x = add_transposed(b, x, 6, (kernel, kernel), pads=[pads] * 4, strides=[2, 2], output_padding=[extra] * 2)
    more = kernel - 2 * pads + extra - 2
    b.shapes[x] = (1, 6, 48 + more, 64 + more)
    path = save(b.model(b.curve(x, "Relu")), tmp_path / "net.onnx")
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > 30
    assert "block mask" in [layer["kind"] for layer in report["steps"]]


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"strides": [2, 1], "pads": [1, 1, 0, 1]}, "strides (2, 1)"),
        ({"strides": [5, 5]}, "strides (5, 5)"),
        ({"strides": [2, 2], "pads": [9, 9, 9, 9]}, "its padding is"),
    ],
)
def test_sizes_that_are_refused(attributes: dict[str, object], why: str, tmp_path: Path) -> None:
    b = Build((1, 3, 7, 6))
    y = add_transposed(b, b.conv(b.input, 4), 4, (3, 3), **attributes)  # type: ignore[arg-type]
    with pytest.raises(MaixSwitchError) as caught:
        read(save(b.model(y), tmp_path / "net.onnx"))
    assert why in caught.value.message
    assert np.all([word in caught.value.message for word in ("ConvTranspose", ";")])
