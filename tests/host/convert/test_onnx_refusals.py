"""A network that cannot be converted is refused in one sentence: which node, why, and what to change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from maixswitch.convert.ops import READERS, REFUSED
from maixswitch.convert.read.onnx_file import LARGEST
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.errors import EXIT_FINDINGS, EXIT_IO, EXIT_USAGE, MaixSwitchError
from tests.host.convert.onnx_builder import Build, mobilenet, random_network, save


def refused(model: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(MaixSwitchError) as caught:
        read(save(model, folder / "net.onnx"))
    assert caught.value.exit_code == EXIT_FINDINGS
    assert "\n" not in caught.value.message
    return caught.value.message


def says(path: Path) -> str:
    """Return the message that refuses the file, "" if it is accepted; any other exception fails the test."""
    try:
        read(path)
    except MaixSwitchError as error:
        return error.message or "?"
    return ""


def build(shape: tuple[int | str, ...] = (1, 3, 16, 24), seed: int = 5) -> tuple[Build, str]:
    b = Build(shape, seed)
    return b, b.conv(b.input, 6)


def kernel(b: Build, x: str, size: tuple[int, int], **attributes: object) -> str:
    weights = b.constant(b.random.normal(0, 1, (4, b.shapes[x][1], *size)))
    return b.node("Conv", [x, weights], **attributes)


NODES: dict[str, tuple[Callable[[Build, str], str], str, str]] = {
    "before a layer": (
        lambda b, x: b.conv(b.same("Hardmax", x, axis=1), 2),
        "hardmax2 (Hardmax): the board cannot",
        "leave it out",
    ),
    "layer norm": (
        lambda b, x: b.node("LayerNormalization", [x, b.constant(np.ones(24))]),
        "LayerNormalization",
        "BatchNormalization",
    ),
    "no table has it": (lambda b, x: b.node("Trilu", [x]), "trilu2 (Trilu)", "docs/convert.md"),
    "quotient": (lambda b, x: b.node("Div", [x, b.conv(x, 6)]), "takes two tensors", "Add, Mul or Concat"),
    "broadcast": (
        lambda b, x: b.node("Add", [b.conv(x, 1), b.mean(x)]),
        "(1, 1, 16, 24) and (1, 6, 1, 1)",
        "one number for each channel or pixel",
    ),
    "huge kernel": (lambda b, x: kernel(b, x, (21, 21), pads=[10] * 4), "its kernel is 21 x 21", "3x3"),
    "pool with gaps": (lambda b, x: b.node("MaxPool", [x], kernel_shape=[2, 2], dilations=[2, 2]), "gaps", "2x2"),
    "bicubic": (
        lambda b, x: b.node("Resize", [x, "", b.constant([1.0, 1.0, 2.0, 2.0])], mode="cubic"),
        "cubic from 16 x 24 to 32 x 48",
        "linear",
    ),
    "equally near": (
        lambda b, x: b.node(
            "Resize",
            [x, "", b.constant([1.0, 1.0, 3.0, 3.0])],
            coordinate_transformation_mode="half_pixel_symmetric",
            nearest_mode="floor",
        ),
        "nearest from 16 x 24 to 48 x 72",
        "linear",
    ),
    "far too large": (
        lambda b, x: b.node("Resize", [x, "", "", b.constant([1, 6, 16, 1 << 40], np.int64)]),
        "nearest from 16 x 24 to 16 x 1099511627776",
        "1024",
    ),
    "softmax of a map": (lambda b, x: b.node("Relu", [b.node("Softmax", [x], axis=1)]), "axis 1 of", "end the network"),
    "slopes": (
        lambda b, x: b.node("PRelu", [x, b.constant(np.arange(24.0))]),
        "slopes differ from pixel to pixel",
        "each channel",
    ),
    "numbers by pixel": (
        lambda b, x: b.node("Mul", [x, b.constant(b.random.normal(0, 1, (16, 24)))]),
        "pixel to pixel",
        "each channel",
    ),
    "border alone": (
        lambda b, x: b.node("Relu", [b.node("Pad", [x, b.constant([0, 0, 1, 1] * 2, np.int64), b.constant(2.0)])]),
        "no convolution or pool behind it",
        "zeros",
    ),
    "border of ones": (
        lambda b, x: kernel_behind(
            b, b.node("Pad", [x, b.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64), b.constant(1.0)])
        ),
        "no convolution or pool behind it",
        "zeros",
    ),
    "reflection": (
        lambda b, x: b.node("Pad", [x, b.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64)], mode="reflect"),
        "mode is reflect",
        "zeros",
    ),
    "join along the height": (lambda b, x: b.node("Concat", [x, x], axis=2), "along axis 2", "channels"),
    "mean over channels": (lambda b, x: b.node("ReduceMean", [x], axes=[1]), "over axes (1,)", "height and width"),
    "not finite": (
        lambda b, x: b.node("Conv", [x, b.constant(np.full((2, 6, 1, 1), np.nan))]),
        "not finite",
        "train",
    ),
    "matrix on a map": (lambda b, x: b.node("MatMul", [x, b.constant(np.ones((24, 5)))]), "not (1, n)", "flatten"),
}


def kernel_behind(b: Build, x: str) -> str:
    return b.node("Conv", [x, b.constant(b.random.normal(0, 1, (4, 6, 3, 3)))])


@pytest.mark.parametrize("name", NODES)
def test_nodes(name: str, tmp_path: Path) -> None:
    make, why, remedy = NODES[name]
    b, x = build()
    message = refused(b.model(make(b, x)), tmp_path)
    assert message.startswith("node ")
    assert why in message
    assert remedy in message.partition(";")[2]


def test_no_operator_is_both_mapped_and_refused() -> None:
    assert not set(REFUSED) & set(READERS)
    assert all(text.strip() for text in REFUSED.values())


def test_stride_of_zero(tmp_path: Path) -> None:
    b, x = build()
    model = b.model(b.pool(x, "MaxPool", 2))
    next(a for a in model.graph.node[1].attribute if a.name == "strides").ints[0] = 0
    assert "its strides is [0, 2]" in refused(model, tmp_path)


def test_quantised_operators(tmp_path: Path) -> None:
    b, x = build()
    scale, zero = b.constant(0.1), b.constant(0, np.uint8)
    q = b.node("QuantizeLinear", [x, scale, zero])
    weights = b.constant(np.ones((4, 6, 1, 1)), np.uint8)
    y = b.node("QLinearConv", [q, scale, zero, weights, scale, zero, scale, zero])
    message = refused(b.model(b.node("DequantizeLinear", [y, scale, zero])), tmp_path)
    assert "node qlinearconv3 (QLinearConv): the board cannot run this operator; convert the float32 network" in message


def test_half_precision(tmp_path: Path) -> None:
    b, x = build()
    model = b.model(x)
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    assert "float16; expected float32" in refused(model, tmp_path)


@pytest.mark.parametrize("shape", [(1, 3, "height", "width"), (1, 16), (4, 16), (1, 3, 16, 16, 16)])
def test_input_shapes(shape: tuple[int | str, ...], tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["image"], ["y"])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "g", [image], [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    message = refused(model, tmp_path)
    assert "(" + ", ".join(map(str, shape)) + ")" in message
    assert "expected (1, channels, height, width)" in message


def test_another_domain(tmp_path: Path) -> None:
    b, x = build()
    model = b.model(x)
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert "com.microsoft" in refused(model, tmp_path)


def test_two_inputs(tmp_path: Path) -> None:
    b, x = build()
    model = b.model(x)
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, (1, 3, 4, 4)))
    assert "image, second; expected one" in refused(model, tmp_path)


def test_output_that_is_constant(tmp_path: Path) -> None:
    b, _ = build()
    y = b.node("Identity", [b.constant([1.0])])
    assert "does not depend on the picture" in refused(b.model(y), tmp_path)


def test_functions_of_the_file_are_inlined(tmp_path: Path) -> None:
    b, x = build()
    b.nodes.append(helper.make_node("Bend", [x], ["bent"], name="bend", domain="mine"))
    model = onnx.ModelProto()
    plain, _ = build()
    model.CopyFrom(plain.model("conv1_out"))
    model.graph.node.append(b.nodes[-1])
    model.graph.output[0].name = "bent"
    inner = helper.make_node("Relu", ["a"], ["c"])
    model.functions.append(helper.make_function("mine", "Bend", ["a"], ["c"], [inner], [helper.make_opsetid("", 17)]))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    graph = read(save(model, tmp_path / "net.onnx"))
    assert graph.outputs == ("bent",)


def test_sizes_larger_than_any_memory(tmp_path: Path) -> None:
    b, x = build()
    for _ in range(40):
        x = b.concat(x, x)
    message = refused(b.model(b.node("MaxPool", [x], kernel_shape=[1, 1])), tmp_path)
    assert "its result has shape" in message


def test_curves_that_double_their_work(tmp_path: Path) -> None:
    b, x = build()
    for _ in range(60):
        x = b.same("Mul", [x, x])
    graph = read(save(b.model(b.same("Tanh", x)), tmp_path / "net.onnx"))
    assert 5 <= len(graph.nodes) <= 10


def test_thousands_of_nodes(tmp_path: Path) -> None:
    b, x = build()
    for _ in range(3000):
        x = b.same("Relu", x)
    assert "3001 nodes; expected at most 3000" in refused(b.model(x), tmp_path)


class TestFiles:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(MaixSwitchError) as caught:
            read(tmp_path / "none.onnx")
        assert caught.value.exit_code == EXIT_IO

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MaixSwitchError) as caught:
            read(tmp_path)
        assert caught.value.exit_code == EXIT_IO

    @pytest.mark.parametrize("data", [b"", b"\x00", b"not a network at all", b"\x03\x00\x00\x00" * 40, b"PK\x03\x04"])
    def test_a_file_that_is_not_a_network(self, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "net.onnx"
        path.write_bytes(data)
        with pytest.raises(MaixSwitchError, match="this is not an ONNX network, or it is damaged"):
            read(path)

    def test_damaged_files_never_end_in_a_traceback(self, tmp_path: Path) -> None:
        intact = random_network(4).SerializeToString()
        path = tmp_path / "net.onnx"
        draw = np.random.default_rng(8)
        outcomes = []
        for _ in range(250):
            data = bytearray(intact)
            if draw.random() < 0.3:
                data = data[: int(draw.integers(0, len(data)))]
            # Prefer the few names, sizes and attributes to the many weights.
            for position in draw.integers(0, len(data) + 1, int(draw.integers(1, 6))):
                spot = int(position) if draw.random() < 0.3 else int(position) % min(len(data) + 1, 4000)
                if spot < len(data):
                    data[spot] = int(draw.integers(0, 256))
            path.write_bytes(bytes(data))
            outcomes.append(says(path))
        assert sum(map(bool, outcomes)) > 50

    def external(self, folder: Path, location: str) -> Path:
        model = mobilenet(side=32, classes=10)
        tensor = model.graph.initializer[0]
        raw = numpy_helper.to_array(tensor).tobytes()
        (folder / "weights.bin").write_bytes(b"\0" * 8 + raw)
        for name in ("raw_data", "float_data"):
            tensor.ClearField(name)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "8"), ("length", str(len(raw)))):
            tensor.external_data.add(key=key, value=value)
        inner = folder / "inner"
        inner.mkdir()
        return save(model, (inner if location.startswith((".", "/")) else folder) / "net.onnx")

    def test_external_weights(self, tmp_path: Path) -> None:
        path = self.external(tmp_path, "weights.bin")
        plain = read(save(mobilenet(side=32, classes=10), tmp_path / "plain.onnx"))
        graph = read(path)
        np.testing.assert_array_equal(graph.nodes[0].weights, plain.nodes[0].weights)  # type: ignore[attr-defined]
        assert FloatNet(path).run(np.zeros((1, 3, 32, 32), np.float32), graph.outputs)

    @pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "./../weights.bin"])
    def test_external_weights_in_another_folder(self, location: str, tmp_path: Path) -> None:
        path = self.external(tmp_path, location)
        for use in (read, FloatNet):
            with pytest.raises(MaixSwitchError, match="outside the network's folder"):
                use(path)

    def test_external_weights_behind_a_link(self, tmp_path: Path) -> None:
        path = self.external(tmp_path, "../weights.bin")
        (path.parent / "weights.bin").symlink_to(tmp_path / "weights.bin")
        data = path.read_bytes().replace(b"../weights.bin", b"./././eights.b")
        assert data != path.read_bytes()
        path.write_bytes(data)
        (path.parent / "eights.b").symlink_to(tmp_path / "weights.bin")
        with pytest.raises(MaixSwitchError, match="outside the network's folder"):
            read(path)

    def test_external_weights_cut_short(self, tmp_path: Path) -> None:
        path = self.external(tmp_path, "weights.bin")
        (tmp_path / "weights.bin").write_bytes(b"1234567890")
        with pytest.raises(MaixSwitchError, match="found 2 bytes, expected"):
            read(path)
        (tmp_path / "weights.bin").unlink()
        with pytest.raises(MaixSwitchError, match="No such file"):
            read(path)

    def test_a_file_too_large_for_any_board(self, tmp_path: Path) -> None:
        path = tmp_path / "net.onnx"
        with path.open("wb") as stream:
            stream.truncate(LARGEST + (1 << 20))
        with pytest.raises(MaixSwitchError, match="129 MiB; expected at most 128"):
            read(path)

    def test_external_weights_too_large_for_any_board(self, tmp_path: Path) -> None:
        model = onnx.load_model_from_string(self.external(tmp_path, "weights.bin").read_bytes())
        tensor = model.graph.initializer[0]
        tensor.dims[:] = [LARGEST >> 1]
        with pytest.raises(MaixSwitchError, match=r"weights.bin: 256 MiB; expected at most 128"):
            read(save(model, tmp_path / "net.onnx"))


@pytest.mark.parametrize(
    "options", [{"mean": (1, 2)}, {"std": (0,)}, {"scale": 0}, {"mean": (float("nan"),)}, {"std": (1, 1, 0)}]
)
def test_pixel_options(options: dict[str, float], tmp_path: Path) -> None:
    b, x = build()
    path = save(b.model(x), tmp_path / "net.onnx")
    with pytest.raises(MaixSwitchError) as caught:
        read(path, **options)  # type: ignore[arg-type]
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize("use", [read, FloatNet])
def test_without_onnx(use: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    b, x = build()
    path = save(b.model(x), tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MaixSwitchError, match=r"pip install 'maixswitch\[convert\]'") as caught:
        use(path)
    assert caught.value.exit_code == EXIT_USAGE
