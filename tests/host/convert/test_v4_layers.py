"""What only kmodel v4 can express: the file in the emulator has the values of plain sums, near the float network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.lower.layers import Quantised, QuantizedAdd
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.product import QuantizedBinary
from maixswitch.convert.report import document, emulate
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.write.rewrite import rewrite
from maixswitch.kmodel.write.v4_numbers import sum_numbers
from tests.host.convert import plain
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_random import SNR, converted
from tests.host.convert.v4_networks import gate, mobile_network, small_maps


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v4")


def equal_to_plain(path: Path, runtime: str = "maixpy") -> None:
    """Convert a network and compare every tensor of the file with the plain integer model."""
    _, net, image = converted(path, 6)
    lowered = lower(net)
    assert rewrite(lowered.data) == lowered.data
    model = load(lowered.data, runtime=runtime)
    assert (model.version, model.notes) == (4, ())
    assert [finding for finding in check(model) if not finding.limit] == []
    expected, tensors = plain.run(_with_sums_of_v4(net), image), emulate.run(model, lowered, net, image)
    for name in set(tensors) & set(expected):
        kind = expected[name].dtype
        if kind == np.uint8:
            np.testing.assert_array_equal(tensors[name], expected[name], name)
        else:
            np.testing.assert_allclose(tensors[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    for name in net.outputs:
        assert name in tensors


def _with_sums_of_v4(net: Quantised) -> Quantised:
    """Return the network with its sums as v4 has them: rounded to the nearest level, where v3 rounds down."""
    layers = [
        QuantizedBinary(layer.sources, layer.inputs, layer.output, "add", sum_numbers(layer.numbers))
        if isinstance(layer, QuantizedAdd)
        else layer
        for layer in net.layers
    ]
    return replace(net, layers=tuple(layers))


@given(
    st.integers(2, 9),
    st.integers(4, 13),
    st.integers(4, 20),
    st.integers(1, 5),
    st.sampled_from([("Relu", "Sigmoid"), ("HardSwish", "HardSigmoid"), ("Relu", "Tanh")]),
    st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_squeeze_and_excitation(
    folder: Path, channels: int, height: int, width: int, middle: int, curves: tuple[str, str], reduce: bool
) -> None:
    b = Build((1, 3, height, width), seed=channels)
    x = gate(b, b.curve(b.conv(b.input, channels), "Relu"), middle, curves, reduce)
    equal_to_plain(save(b.model(b.conv(x, 3, 1)), folder / "net.onnx"))


@given(
    st.sampled_from(["Mul", "Min", "Max", "Add", "Sub"]), st.sampled_from(["same", "channel", "pixel"]), st.booleans()
)
@settings(max_examples=16, deadline=None)
def test_two_tensors(folder: Path, kind: str, shape: str, swapped: bool) -> None:
    b = Build((1, 3, 7, 9), seed=3)
    x = b.conv(b.input, 5)
    other = {
        "same": lambda: b.conv(b.input, 5),
        "channel": lambda: b.mean(b.conv(b.input, 5)),
        "pixel": lambda: b.conv(b.input, 1),
    }[shape]()
    y = b.node(kind, [other, x] if swapped else [x, other])
    b.shapes[y] = b.shapes[x]
    if kind in ("Add", "Sub") and shape == "same":
        y = b.same("Mul", [y, b.conv(b.input, 5)])
    equal_to_plain(save(b.model(b.curve(y, "Relu") if swapped else b.conv(y, 4)), folder / "net.onnx"))


def test_flat_tensors_are_multiplied_as_floats(folder: Path) -> None:
    b = Build((1, 3, 8, 8))
    x = b.flat(b.mean(b.conv(b.input, 6)))
    y = b.same("Mul", [b.gemm(x, 5), b.curve(b.gemm(x, 5), "Sigmoid")])
    equal_to_plain(save(b.model(y), folder / "net.onnx"))


@given(st.integers(2, 3), st.integers(3, 9), st.sampled_from([1, 3]), st.sampled_from([1, 2]), st.booleans())
@settings(max_examples=16, deadline=None)
def test_small_maps(folder: Path, height: int, width: int, kernel: int, stride: int, deep: bool) -> None:
    """Convolutions of maps below 4x4, which the KPU computes as parts of larger ones."""
    model = small_maps(height, width, kernel, stride, deep)
    equal_to_plain(save(model, folder / "net.onnx"))


def test_a_mobile_network_is_near_the_float_network(tmp_path: Path) -> None:
    path = save(mobile_network(), tmp_path / "net.onnx")
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > SNR
    assert len(report["only_v4"]) > 3
    assert any("because v3 has no layer" in line for line in document.summary(report))
    assert "minimum" not in report["fits"]
    assert "minimum_with_kmodel_v4_support" in report["fits"]


def test_more_channels_than_the_kpu_reads(folder: Path) -> None:
    """The mean of 1,100 channels is made in two parts, because the first layer of the gate has two then."""
    b = Build((1, 3, 4, 4), seed=1)
    equal_to_plain(save(b.model(b.conv(gate(b, b.conv(b.input, 1100, 1), 4), 3, 1)), folder / "net.onnx"))


def test_v3_is_refused(folder: Path) -> None:
    b = Build((1, 3, 8, 8))
    path = save(b.model(gate(b, b.conv(b.input, 6), 2)), folder / "net.onnx")
    with pytest.raises(MaixSwitchError, match="kmodel v3 has no layer for it; leave out --kmodel v3"):
        convert(Options(path, folder / "net.kmodel", version=3))


def test_v3_is_kept_where_it_can_express_everything(folder: Path) -> None:
    b = Build((1, 3, 8, 8))
    path = save(b.model(b.curve(b.conv(b.input, 6), "HardSwish")), folder / "net.onnx")
    facts = convert(Options(path, folder / "net.kmodel"))
    assert (facts.model.version, facts.lowered.only_v4) == (3, ())
