"""From the float graph to integer steps: ranges from calibration images, and every operation in the chip's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph import node as ir
from maixswitch.convert.lower import layers as steps
from maixswitch.convert.ops import conv as convolutions
from maixswitch.convert.ops.pool import max_pool_step
from maixswitch.convert.plain_floats import dequantize
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.language import tr

from . import curves16, portable
from .calibration import Calibration
from .ranges import Seen, choose
from .scales import is_map, plan, saturates
from .sums import add_numbers
from .trial import Trial

Values = NDArray[Any]
FLOAT = ":float"
BYTE = ":byte"
SUM = ":sum"
OUT = ":out"
LOGISTIC = ("sigmoid", "logistic")


@dataclass(frozen=True)
class Options:
    """``ranges``: "auto" (per tensor what errs least), "minmax", "wide", "percentile 99.9", "percentile 99.99" or "kl".

    ``tried``: images at the most on which rounding's shift of the means is measured, layer by layer.
    """

    ranges: str = "auto"
    tried: int = 16


def quantise(graph: ir.Graph, images: NDArray[Any], options: Options | None = None) -> steps.Quantised:
    """The graph in integers. ``images``: uint8 (n, c, h, w), 0..255 as the camera gives them, at least one.

    A graph whose input is flat takes float32 (n, numbers). The result depends on graph, images and options alone.
    MaixSwitchError when the images do not fit the input.
    """
    shape = tuple(graph.shapes[graph.input])
    if not len(images) or images.shape[1:] != shape:
        raise MaixSwitchError(
            tr("calibration images {found}; wanted some of {wanted}", found=images.shape[1:], wanted=shape), EXIT_USAGE
        )
    options = options or Options()
    pad = border_pixel(graph)
    graph = _around(graph, pad)
    seen = Calibration(graph, images.astype(np.float32) - np.float32(pad), options.tried)
    scales, methods = plan(graph, seen, pad, options.ranges)
    return _Making(graph, seen, scales, methods, images, options).result()


def border_pixel(graph: ir.Graph) -> int:
    """The byte nearest to the network's 0, which the zero padding of the first convolution stands for."""
    zeros = [-offset / factor for factor, offset in graph.pixels if factor]
    only = all(isinstance(op, ir.Conv) for op in graph.ops if graph.input in op.inputs)
    return int(np.clip(np.rint(np.mean(zeros)), 0, 255)) if zeros and only else 0


def _around(graph: ir.Graph, pad: int) -> ir.Graph:
    """The same graph for an input from which ``pad`` has been taken, so that its zero padding is that pixel."""
    if not pad:
        return graph
    ops: list[ir.Op] = []
    for op in graph.ops:
        if isinstance(op, ir.Conv) and op.inputs[0] == graph.input:
            lifted = np.asarray(op.weights, np.float64).reshape(op.weights.shape[0], -1).sum(axis=1) * pad
            ops.append(replace(op, bias=np.asarray(op.bias, np.float64) + lifted))
        else:
            ops.append(op)
    return replace(graph, ops=tuple(ops))


class _Making:
    """Steps in order. A tensor in its own kind (uint8 or float32) has its name; in the other, a name with an ending."""

    def __init__(
        self,
        graph: ir.Graph,
        seen: Calibration,
        scales: dict[str, Scale],
        methods: dict[str, str],
        images: Values,
        options: Options,
    ) -> None:
        self.graph, self.seen, self.options = graph, seen, options
        self.scales, self.shapes = dict(scales), dict(graph.shapes)
        self.methods = methods
        self.steps: list[steps.Step] = []
        self.origin = {graph.input: graph.input}
        self.trial = Trial(self.shapes, self.scales, graph.input, images[: seen.tried])
        makers = {
            ir.Conv: self._conv,
            ir.Unary: self._unary,
            ir.Pool: self._pool,
            ir.GlobalMean: self._global_mean,
            ir.FullyConnected: self._fully_connected,
            ir.Add: self._add,
            ir.Concat: self._concat,
            ir.Resize: self._resize,
            ir.Flatten: self._flatten,
            ir.Softmax: self._softmax,
        }
        for op in graph.ops:
            makers[type(op)](op)  # type: ignore[operator]
            self.origin[op.output] = op.output

    def result(self) -> steps.Quantised:
        outputs = tuple(self._as_output(name) for name in self.graph.outputs)
        made = {step.output for step in self.steps}
        names = {self.graph.input, *made}
        return steps.Quantised(
            tuple(self.steps),
            {name: shape for name, shape in self.shapes.items() if name in names},
            {name: scale for name, scale in self.scales.items() if name in names},
            self.graph.input,
            outputs,
            {name: of for name, of in self.origin.items() if name in made},
            {name: how for name, how in self.methods.items() if name in names},
        )

    def put(self, step: steps.Step, shape: Sequence[int], scale: Scale | None = None) -> str:
        """Adds a step; its output has this shape, and this scale if it is uint8."""
        self.steps.append(step)
        self.shapes[step.output] = tuple(shape)
        if scale is not None:
            self.scales[step.output] = scale
        self.trial.add(step)
        return step.output

    def _as_output(self, name: str) -> str:
        """The tensor in float32, made by a layer of floats: the file tells an output's type by nothing else."""
        name = self.as_float(name)
        if not any(isinstance(step, steps.FloatMasked) and step.output == name for step in self.steps):
            return name
        self.origin[name + OUT] = self.origin[name]
        return self.put(steps.FloatConcat((), (name,), name + OUT), self.shapes[name])

    def as_float(self, name: str) -> str:
        """The tensor in float32, dequantised once if it is bytes."""
        if name not in self.scales:
            return name
        other = name + FLOAT
        if other not in self.origin:
            scale = self.scales[name]
            self.put(steps.Dequantize((), (name,), other, scale.factor, scale.bias), self.shapes[name])
            self.origin[other] = self.origin.get(name, name)
        return other

    def as_byte(self, name: str) -> str:
        """The tensor in uint8, quantised once if it is float32."""
        if name in self.scales:
            return name
        other = name + BYTE
        if other not in self.origin:
            self._round(name, other, self.seen.seen[name])
            self.origin[other] = name
        return other

    def _round(self, given: str, target: str, seen: Seen) -> None:
        """Floats to the nearest levels of a scale for what was ``seen``."""
        scale = choose([seen], self.options.ranges)[0]
        for step, levels in portable.rounded(given, target, scale):
            self.put(step, self.shapes[given], levels)

    def _clamp(self, op: ir.Op, given: str, curve: ir.Curve) -> None:
        """Floats held between the ends of ``curve``, as the output of ``op``."""
        assert curve.low is not None
        assert curve.high is not None
        for step, levels in portable.clamped(op.nodes, given, op.output, curve.low, curve.high):
            self.put(step, self.shapes[given], levels)

    def _conv(self, op: ir.Conv) -> None:
        given, out = self.as_byte(op.inputs[0]), self.scales[op.output]
        op = replace(op, inputs=(given,))
        tensors = self.seen.kept[self.origin[given]], self.trial.values(given)
        straight = saturates(op.curve, out)
        sums = None if straight else self.seen.sums(self.seen.makers[op.output])
        lifts = sorted({0.0, convolutions.FLOOR_LOSS.get(op.pool, 0.0)})
        try:
            made = [convolutions.quantise_conv(op, self.scales[given], out, tensors, sums, lift) for lift in lifts]
        except ValueError as error:
            raise MaixSwitchError(f"{' + '.join(op.nodes)}: {error}") from error
        if len(made) > 1:
            wanted = self.seen.kept[op.output]
            made.sort(key=lambda step: _error(convolutions.run(step, tensors[1]), out, wanted))
        self.put(made[0], self.graph.shapes[op.output], out)

    def _unary(self, op: ir.Unary) -> None:
        name = op.inputs[0]
        if name not in self.scales and (op.curve.name in LOGISTIC or op.curve.is_clamp):
            del self.scales[op.output]
            if op.curve.is_clamp:
                self._clamp(op, name, op.curve)
            else:
                self.put(steps.FloatLogistic(op.nodes, (name,), op.output), self.shapes[name])
            return
        self._curve(op, self.as_byte(name), op.curve)

    def _curve(self, op: ir.Op, given: str, curve: ir.Curve) -> None:
        """Bytes through a table of 256 to the output of ``op``."""
        out = self.scales[op.output]
        table = curves16.lookup(curve.evaluate, self.scales[given], out)
        self.put(steps.Requantize(op.nodes, (given,), op.output, table), self.graph.shapes[op.output], out)

    def _pool(self, op: ir.Pool) -> None:
        given = self.as_byte(op.inputs[0])
        out, shape = self.scales[op.output], self.graph.shapes[op.output]
        if given != op.inputs[0]:
            out = self.scales[given]
        step = max_pool_step(op, given, self.graph.shapes[op.inputs[0]], self.graph.input == given)
        if step is not None:
            self.put(step, shape, out)
            return
        weights, bias, stride, pool = convolutions.copying(op.pool, self.shapes[given][0])
        conv = ir.Conv(op.nodes, (given,), op.output, weights, bias, stride=stride, pool=pool)
        found = self.trial.values(given)
        exact = dequantize(found, self.scales[given].factor, self.scales[given].bias)
        self.put(convolutions.quantise_conv(conv, self.scales[given], out, (exact, found), None), shape, out)

    def _global_mean(self, op: ir.GlobalMean) -> None:
        given = self.as_float(op.inputs[0])
        self.put(steps.FloatMean(op.nodes, (given,), op.output), self.graph.shapes[op.output])

    def _fully_connected(self, op: ir.FullyConnected) -> None:
        given = self.as_float(op.inputs[0])
        weights, bias = (np.asarray(part, np.float32) for part in (op.weights, op.bias))
        target = op.output if op.curve is None else op.output + SUM
        self.put(steps.FloatFullyConnected(op.nodes, (given,), target, weights, bias), self.graph.shapes[op.output])
        if op.curve is not None:
            self._clamp(op, target, op.curve)

    def _add(self, op: ir.Add) -> None:
        shape = self.graph.shapes[op.output]
        if not is_map(shape):
            self._float_add(op)
            return
        a, b = (self.as_byte(name) for name in op.inputs)
        out, target = self.scales[op.output], op.output
        bent = not saturates(op.curve, out)
        if bent:
            out, target = choose([self._sums_of(op)], self.options.ranges)[0], op.output + SUM
        numbers = add_numbers(self.scales[a], self.scales[b], out)
        self.put(steps.QuantizedAdd(op.nodes, (a, b), target, numbers), shape, out)
        if bent and op.curve is not None:
            self._curve(op, target, op.curve)

    def _float_add(self, op: ir.Add) -> None:
        given = tuple(self.as_float(name) for name in op.inputs)
        shape, target = self.graph.shapes[op.output], op.output if op.curve is None else op.output + SUM
        self.put(steps.FloatAdd(op.nodes, given, target), shape)
        if op.curve is not None and op.curve.is_clamp:
            self._clamp(op, target, op.curve)
        elif op.curve is not None:
            self._round(target, target + BYTE, self._sums_of(op))
            self.scales[op.output] = choose([self.seen.seen[op.output]], self.options.ranges)[0]
            self._curve(op, target + BYTE, op.curve)

    def _sums_of(self, op: ir.Add) -> Seen:
        seen = Seen()
        for image in self.seen.sums(op):
            seen.add(image)
        return seen

    def _concat(self, op: ir.Concat) -> None:
        shape = self.graph.shapes[op.output]
        if not is_map(shape):
            given = tuple(self.as_float(name) for name in op.inputs)
            self.put(steps.FloatConcat(op.nodes, given, op.output), shape)
            return
        out = self.scales[op.output]
        parts = tuple(self._in_scale(name, out) for name in op.inputs)
        self.put(steps.QuantizedConcat(op.nodes, parts, op.output), shape, out)

    def _in_scale(self, name: str, out: Scale) -> str:
        given = self.as_byte(name)
        if self.scales[given] == out:
            return given
        other = f"{given}:{out.steps:.9g}"
        if other not in self.origin:
            table = curves16.lookup(lambda real: real, self.scales[given], out)
            self.put(steps.Requantize((), (given,), other, table), self.shapes[given], out)
            self.origin[other] = self.origin.get(given, given)
        return other

    def _resize(self, op: ir.Resize) -> None:
        given = self.as_byte(op.inputs[0])
        step = steps.QuantizedResize(op.nodes, (given,), op.output)
        self.put(step, self.graph.shapes[op.output], self.scales[given])

    def _flatten(self, op: ir.Flatten) -> None:
        given = self.as_float(op.inputs[0])
        self.put(steps.FloatFlat(op.nodes, (given,), op.output), self.graph.shapes[op.output])

    def _softmax(self, op: ir.Softmax) -> None:
        given = self.as_float(op.inputs[0])
        self.put(steps.FloatSoftmax(op.nodes, (given,), op.output), self.graph.shapes[op.output])


def _error(found: Values, scale: Scale, wanted: Values) -> float:
    return float(np.mean((dequantize(found, scale.factor, scale.bias) - wanted) ** 2))
