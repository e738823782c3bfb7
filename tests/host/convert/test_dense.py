"""Dense layers, clamps and 8-bit levels of floats: the same on MaixPy, on CanMV and with the vendor's SDK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.layers import Dequantize, FloatConcat
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.fully_connected import FloatFullyConnected, FullyConnected
from maixswitch.convert.quantise import portable
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.convert.report.compare import Nearness
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.run.runtimes import RUNTIMES
from maixswitch.kmodel.write.quantize import Scale
from tests.host.convert import plain
from tests.host.convert.dense_networks import NETWORKS
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.hand_layers import Hand
from tests.host.convert.onnx_builder import save

LOSS = 1.0
"""The most dB that the output may lose against a file whose dense layers have an exact relu."""
BEST = 100.0
"""dB above which the differences come from float32 itself."""
CURVED = "tanh, leaky relu"


def exact_head(graph: Graph, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """Return the output of exact dense layers with their curves, from the input of the file's first dense layer."""
    first = next(index for index, op in enumerate(graph.nodes) if isinstance(op, FullyConnected))
    values = {graph.nodes[first].inputs[0]: tensors[graph.nodes[first].inputs[0]].reshape(1, -1)}
    for op in graph.nodes[first:]:
        values[op.output] = op.evaluate([values[name] for name in op.inputs])
    return values[graph.outputs[0]][0]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_dense_head_is_equally_near_to_the_float_network_on_every_runtime(name: str, tmp_path: Path) -> None:
    path = save(NETWORKS[name](), tmp_path / "net.onnx")
    graph, float_net = read(path), FloatNet(path)
    images = pictures(28, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:16])
    lowered = lower(net)
    models = {runtime: load(lowered.data, runtime=runtime) for runtime in RUNTIMES}
    assert [layer.spec.act for layer in models["maixpy"].layers if layer.name == "fully_connected"].count(0) >= 2
    assert not any(getattr(layer.spec, "act", 0) for layer in models["maixpy"].layers)
    near, best = {runtime: Nearness() for runtime in RUNTIMES}, Nearness()
    (output,) = graph.outputs
    for image in images[16:]:
        (expected,) = float_net.run(image[None].astype(np.float32) / 255, [output])[output]
        result = {runtime: model.run(image)[0] for runtime, model in models.items()}
        tensors = emulate.run(models["maixpy"], lowered, net, image)
        best.add(expected, exact_head(graph, tensors))
        for runtime, answer in result.items():
            near[runtime].add(expected, answer)
            # The best class, or one that the float network puts within a thousandth of it.
            assert expected[answer.argmax()] >= expected.max() - 0.001
    reached = {runtime: nearness.snr for runtime, nearness in near.items()}
    if name == CURVED:  # its curves have 8 bits
        assert max(reached.values()) - min(reached.values()) < LOSS / 2
        assert min(reached.values()) > 35
    else:
        assert min(reached.values()) > min(best.snr, BEST) - LOSS, (reached, best.snr)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_emulator_computes_every_tensor_of_the_plain_model(name: str, tmp_path: Path) -> None:
    graph = read(save(NETWORKS[name](), tmp_path / "net.onnx"))
    images = pictures(5, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:4])
    lowered = lower(net)
    result = emulate.run(load(lowered.data, runtime="maixpy"), lowered, net, images[4])
    expected = plain.run(net, images[4])
    assert set(expected) == set(result) & set(expected)
    for tensor, values in expected.items():
        np.testing.assert_array_equal(result[tensor], values, tensor)


def through(planned: list[portable.Planned], values: np.ndarray, runtime: str) -> np.ndarray:
    """Run the steps on a runtime, after a dense layer that changes nothing; return the result."""
    net = Hand(values.size)
    same = {"weights": np.eye(values.size, dtype=np.float32), "bias": np.zeros(values.size, np.float32)}
    floats = FloatFullyConnected((), ("image",), "values", **same)
    for step, scale in [(floats, None), *planned]:
        net.layers.append(step)
        net.shapes[step.output] = values.shape
        if scale is not None:
            net.scales[step.output] = scale
    last = net.layers[-1].output
    ends = [] if last not in net.scales else [(Dequantize((), (last,), "end", 1.0, 0.0), None)]
    ends = ends or [(FloatConcat((), (last,), "end"), None)]
    for step, _ in ends:
        net.layers.append(step)
        net.shapes[step.output] = values.shape
    quantised = net.done("end")
    (result,) = load(lower(quantised).data, runtime=runtime).run(values)
    if runtime == "maixpy":
        np.testing.assert_array_equal(result, plain.run(quantised, values)["end"])
    return result


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("count", [1, 3, 8, 61])
@pytest.mark.parametrize("ends", [(0.0, np.inf), (0.0, 6.0), (-1.0, 1.0), (-np.inf, 2.0), (0.5, 1.5), (-np.inf, 0.0)])
def test_a_clamp_copies_values_inside_its_ends_bit_by_bit(ends: tuple[float, float], count: int, runtime: str) -> None:
    draw = np.random.default_rng(count)
    values = draw.normal(0, 4, count).astype(np.float32)
    special = [6.0, -1e30, 1e30, 0.5, np.nextafter(np.float32(6), np.float32(9)), -1e-15, 1e-15, 2.0, 1.0, -1.0, 1.5]
    values[: min(count, len(special))] = special[:count]
    result = through(portable.clamped((), "values", "made", *ends), values, runtime)
    inside = (values >= ends[0]) & (values <= ends[1])
    np.testing.assert_array_equal(result[inside], values[inside])
    for end, beyond in ((ends[0], values < ends[0]), (ends[1], values > ends[1])):
        np.testing.assert_allclose(result[beyond], end if beyond.any() else 0, rtol=2e-7)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("scale", [Scale.covering(-3.0, 5.0), Scale.covering(0.0, 1.0), Scale.covering(-40.0, 0.0)])
def test_levels_are_the_nearest_on_every_runtime(scale: Scale, runtime: str) -> None:
    draw = np.random.default_rng(4)
    level = draw.uniform(-20, 280, 300)
    level = level[np.abs(level - np.floor(level) - 0.5) > 0.01]  # a tie may be rounded up or down
    values = ((level - scale.zero) * scale.factor).astype(np.float32)
    result = through(portable.rounded("values", "made", scale), values, runtime)
    np.testing.assert_array_equal(result, np.clip(np.rint(level), 0, 255))
