"""Turns the float graph into integer layers, with ranges from the calibration images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.lower.layers import Dequantize, FloatConcat, FloatMasked, Layer, Quantised, Requantize
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.language import tr

from . import curves16, portable
from .calibration import Calibration
from .ranges import TensorStatistics, choose
from .scales import plan
from .trial import Trial

FLOAT = ":float"
BYTE = ":byte"
OUT = ":out"


@dataclass(frozen=True)
class QuantiseOptions:
    """How the integers are chosen.

    ranges: "auto" (the least error for each tensor), "minmax", "wide", "percentile 99.9", "percentile 99.99" or "kl".
    tried: the largest number of images that measure how rounding shifts the means, layer by layer.
    """

    ranges: str = "auto"
    tried: int = 16


def quantise(graph: Graph, images: NDArray[Any], options: QuantiseOptions | None = None) -> Quantised:
    """Returns the graph in integers. The result only depends on the three arguments.

    images: at least one, uint8 (n, c, h, w), 0..255 as the camera gives them; float32 (n, numbers) for a flat input.
    MaixSwitchError when the images do not fit the input.
    """
    shape = tuple(graph.shapes[graph.input])
    # numpy would broadcast a wrong shape somewhere below, and the ranges would be wrong.
    if not len(images) or images.shape[1:] != shape:
        raise MaixSwitchError(
            tr(
                "the calibration images have shape {shape}; expected {expected}",
                shape=images.shape[1:],
                expected=shape,
            ),
            EXIT_USAGE,
        )
    options = options or QuantiseOptions()
    # The zero padding of the first layer is one byte for all channels. The graph is shifted so that this byte is 0.
    pad = border_pixel(graph)
    graph = _around(graph, pad)
    calibration = Calibration(graph, images.astype(np.float32) - np.float32(pad), options.tried)
    scales, methods = plan(graph, calibration, pad, options.ranges)
    return Quantiser(graph, calibration, scales, methods, images, options).result()


def border_pixel(graph: Graph) -> int:
    """Returns the byte nearest to the network's 0, with which the first convolution pads."""
    zeros = [-offset / factor for factor, offset in graph.pixels if factor]
    # A reader on the CPU gets the bytes unchanged, so the input can only be shifted if all readers are on the KPU.
    only = all(node.on_kpu for node in graph.readers(graph.input))
    return int(np.clip(np.rint(np.mean(zeros)), 0, 255)) if zeros and only else 0


def _around(graph: Graph, pad: int) -> Graph:
    """Returns the graph for an input from which ``pad`` was subtracted, so that its zero padding is that pixel."""
    if not pad:
        return graph
    nodes = [node.around(pad) if node.on_kpu and node.inputs[0] == graph.input else node for node in graph.nodes]
    return replace(graph, nodes=nodes)


class Quantiser:
    """Collects the layers in order; each node of the graph adds its own.

    A tensor in its original type (uint8 or float32) keeps its name; in the other type, the name gets an ending.
    ``measured``: do the calibration and the trial hold values of pictures? Else only shapes count.
    """

    def __init__(
        self,
        graph: Graph,
        calibration: Calibration,
        scales: dict[str, Scale],
        methods: dict[str, str],
        images: Values,
        options: QuantiseOptions,
        trial: type[Trial] = Trial,
    ) -> None:
        """Quantises all nodes. ``trial``: what computes the few images on which biases are corrected."""
        self.graph, self.calibration, self.options = graph, calibration, options
        self.scales, self.shapes = dict(scales), dict(graph.shapes)
        self.methods = methods
        self.layers: list[Layer] = []
        self.origin = {graph.input: graph.input}
        self.titles: dict[tuple[str, ...], tuple[str, str]] = {}
        self.measured = trial is Trial
        self.trial = trial(self.shapes, self.scales, graph.input, images[: calibration.tried])
        # The nodes are in the order in which they run, so the layers of the inputs of a node already exist.
        for node in graph.nodes:
            node.quantise(self)
            title = graph.title(node)
            # A Concat or an Add that rewriting put beside a convolution has its sources, but is not what they are.
            if title[1] in node.operators or node.sources not in self.titles:
                self.titles[node.sources] = title
            self.origin[node.output] = node.output

    def result(self) -> Quantised:
        """Returns the network of all layers."""
        outputs = tuple(self._as_output(name) for name in self.graph.outputs)
        # Tensors that no layer makes in the end are left out of the report.
        results = {layer.output for layer in self.layers}
        names = {self.graph.input, *results}
        return Quantised(
            tuple(self.layers),
            {name: shape for name, shape in self.shapes.items() if name in names},
            {name: scale for name, scale in self.scales.items() if name in names},
            self.graph.input,
            outputs,
            {name: original for name, original in self.origin.items() if name in results},
            {name: method for name, method in self.methods.items() if name in names},
            self.titles,
            tuple(name for name in self.graph.outputs if self.calibration.statistics[name].unchanging),
        )

    def put(self, layer: Layer, shape: Sequence[int], scale: Scale | None = None) -> str:
        """Adds a layer whose output has this shape, and this scale if it is uint8; returns the output's name."""
        self.layers.append(layer)
        self.shapes[layer.output] = tuple(shape)
        if scale is not None:
            self.scales[layer.output] = scale
        self.trial.add(layer)
        return layer.output

    def _as_output(self, name: str) -> str:
        """Returns the tensor in float32, made by a layer of floats, which is how a file tells the type of an output."""
        name = self.as_float(name)
        # The last layer of a mask adds bytes, so a reader of the file would take its result for uint8.
        if not any(isinstance(layer, FloatMasked) and layer.output == name for layer in self.layers):
            return name
        self.origin[name + OUT] = self.origin[name]
        return self.put(FloatConcat((), (name,), name + OUT), self.shapes[name])

    def as_float(self, name: str) -> str:
        """Returns the tensor in float32, dequantised once if it is bytes."""
        if name not in self.scales:
            return name
        other = name + FLOAT
        # Several nodes may read the tensor as floats; one conversion is enough for all.
        if other not in self.origin:
            scale = self.scales[name]
            self.put(Dequantize((), (name,), other, scale.factor, scale.bias), self.shapes[name])
            self.origin[other] = self.origin.get(name, name)
        return other

    def as_byte(self, name: str) -> str:
        """Returns the tensor in uint8, quantised once if it is float32."""
        if name in self.scales:
            return name
        other = name + BYTE
        # The tensor has no scale in the plan, so its range is measured on the floats.
        if other not in self.origin:
            stated = self.graph.ranges.get(name)
            self.round(name, other, Scale.covering(*stated) if stated else self._scale_of(name))
            self.origin[other] = name
        return other

    def in_scale(self, name: str, scale: Scale) -> str:
        """Returns the tensor in uint8 of this scale."""
        source = self.as_byte(name)
        # With equal scales the bytes mean the same, and a table would only cost time.
        if self.scales[source] == scale:
            return source
        other = f"{source}:{scale.steps:.9g}"
        if other not in self.origin:
            table = curves16.lookup(lambda real: real, self.scales[source], scale)
            self.put(Requantize((), (source,), other, table), self.shapes[source], scale)
            self.origin[other] = self.origin.get(source, source)
        return other

    def scale_for(self, statistics: TensorStatistics) -> Scale:
        """Returns a scale for a tensor with these values."""
        return choose([statistics], self.options.ranges)[0]

    def _scale_of(self, name: str) -> Scale:
        return self.scale_for(self.calibration.statistics[name])

    def round(self, source: str, target: str, scale: Scale) -> None:
        """Rounds floats to the levels of a scale."""
        for layer, levels in portable.rounded(source, target, scale):
            self.put(layer, self.shapes[source], levels)

    def clamp(self, node: Node, source: str, curve: Curve) -> None:
        """Clamps floats to the ends of ``curve``, as the output of ``node``."""
        assert curve.low is not None
        assert curve.high is not None
        for layer, levels in portable.clamped(node.sources, source, node.output, curve.low, curve.high):
            self.put(layer, self.shapes[source], levels)

    def look_up(self, node: Node, source: str, curve: Curve) -> None:
        """Adds a table of 256 from bytes to the output of ``node``."""
        scale = self.scales[node.output]
        table = curves16.lookup(curve.evaluate, self.scales[source], scale)
        self.put(Requantize(node.sources, (source,), node.output, table), self.graph.shapes[node.output], scale)
