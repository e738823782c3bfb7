"""From integer steps to the layers of a kmodel: what lies in AI RAM, in main memory or in both, and the moves between.

A KPU layer reads and writes the AI RAM; all others main memory. A KPU layer's result is sent to main memory where
another kind of layer reads it, and an upload brings what others made to the next KPU layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.write.writer import Network, Value
from maixswitch.language import tr

from . import layers as step_types
from .layers import KpuConv, Quantised, Step
from .limits import ai_ram, check, is_flat, named
from .runnable import Legal, legalise


@dataclass(frozen=True)
class Lowered:
    """``data``: the file; ``steps``: per layer of it the step that it is, or serves, and the shapes of all tensors."""

    data: bytes
    steps: tuple[Step, ...]
    shapes: dict[str, tuple[int, ...]]

    @property
    def tensors(self) -> tuple[str, ...]:
        """Per layer of the file, the tensor that its step makes."""
        return tuple(step.output for step in self.steps)


def lower(quantised: Quantised) -> Lowered:
    """The kmodel of a quantised network.

    Where the AI RAM cannot hold what late layers still need, that waits in main memory. MaixSwitchError with node,
    what was found, what is wanted and what to change for a network beyond the chip's limits (limits.py).
    """
    legal = legalise(quantised)
    check(legal.steps, legal.shapes)
    made = _Lowering(quantised, legal, waits=False)
    if max(made.network.rows(), default=0) > airam.ROWS:
        made = _Lowering(quantised, legal, waits=True)
        rows = made.network.rows()
        if max(rows) > airam.ROWS:
            worst = made.origin[rows.index(max(rows))]
            names = [*worst.inputs, worst.output]
            shapes = ", ".join("x".join(map(str, legal.shapes[name])) for name in names)
            raise ai_ram(named(worst), max(rows), shapes)
    try:
        data = made.network.build()
    except ValueError as error:
        raise MaixSwitchError(tr("the network cannot be written as a kmodel: {error}", error=error)) from error
    return Lowered(data, tuple(made.origin), dict(legal.shapes))


class _Lowering:
    """``waits``: a map that the next KPU layer does not read goes to main memory and comes back when it is read."""

    def __init__(self, quantised: Quantised, legal: Legal, waits: bool) -> None:
        self.scales, self.shapes, self.outputs = quantised.scales, legal.shapes, quantised.outputs
        self.steps, self.waits = legal.steps, waits
        shape = self.shapes[quantised.input]
        self.ram: dict[str, Value] = {}
        self.main: dict[str, Value] = {}
        self.origin: list[Step] = []
        if quantised.input in self.scales:
            self.network = Network(*shape)
            self.ram[quantised.input] = self.network.input
        else:
            _wants_fully_connected(legal.steps)
            self.network = Network(floats=shape[0])
            self.main[quantised.input] = self.network.input
        for index, step in enumerate(legal.steps):
            try:
                self._step(index, step)
            except ValueError as error:
                raise MaixSwitchError(f"{named(step)}: {error}") from error
            self.origin += [step] * (len(self.network) - len(self.origin))
        for name in quantised.outputs:
            self.network.output(self.main[name])

    def _step(self, index: int, step: Step) -> None:
        if isinstance(step, KpuConv):
            self._conv(index, step)
        elif isinstance(step, step_types.FloatFlat):
            self.main[step.output] = self.main[step.inputs[0]]
        else:
            self.main[step.output] = MAKERS[type(step)](self, step, [self.main[name] for name in step.inputs])

    def _conv(self, index: int, step: KpuConv) -> None:
        given = step.inputs[0]
        if is_flat(self.shapes[given]):
            padded = self.network.add_padding(self.main[given])
            made = self.network.conv(padded, step.part, to_main=True)
            self.main[step.output] = self.network.remove_padding(made)
            return
        source = self._in_ram(given, index)
        to_main = self._read_from_main(step.output, index)
        both = self.network.conv_both(source, step.part, pool=step.pool, depthwise=step.depthwise, to_main=to_main)
        self.ram[step.output] = both[0]
        if to_main:
            self.main[step.output] = both[1]

    def _read_from_main(self, name: str, index: int) -> bool:
        if name in self.outputs:
            return True
        for later, step in enumerate(self.steps[index + 1 :], index + 1):
            if name in step.inputs and (not isinstance(step, KpuConv) or (self.waits and later > index + 1)):
                return True
        return False

    def _in_ram(self, name: str, index: int) -> Value:
        fresh = index and self.steps[index - 1].output == name
        if name in self.ram and not (self.waits and name in self.main and not fresh):
            return self.ram[name]
        self.ram[name] = self.network.upload(self.main[name])
        return self.ram[name]


def _wants_fully_connected(steps: Sequence[Step]) -> None:
    if not isinstance(steps[0], step_types.FloatFullyConnected):
        raise MaixSwitchError(
            tr(
                "{nodes}: the firmware starts only with a convolution, or with a fully connected layer of numbers; "
                "put one of them first",
                nodes=named(steps[0]),
            )
        )


def _concat(at: _Lowering, step: Step, given: list[Value]) -> Value:
    return at.network.concat(given, at.shapes[step.output])


def _max_pool(at: _Lowering, step: step_types.QuantizedMaxPool, given: list[Value]) -> Value:
    return at.network.quantized_max_pool(given[0], step.size, step.stride, *at.shapes[step.output][1:])


MAKERS: dict[type[Step], Callable[..., Value]] = {
    step_types.QuantizedAdd: lambda at, step, given: at.network.quantized_add(*given, step.numbers),
    step_types.Requantize: lambda at, step, given: at.network.requantize(*given, step.table),
    step_types.QuantizedConcat: _concat,
    step_types.QuantizedMaxPool: _max_pool,
    step_types.QuantizedResize: lambda at, step, given: at.network.quantized_resize(*given),
    step_types.Quantize: lambda at, step, given: at.network.quantize(*given, step.factor, step.bias),
    step_types.Dequantize: lambda at, step, given: at.network.dequantize(*given, step.factor, step.bias),
    step_types.FloatMean: lambda at, step, given: at.network.global_average_pool(*given),
    step_types.FloatFullyConnected: lambda at, step, given: at.network.fully_connected(*given, step.weights, step.bias),
    step_types.FloatMasked: lambda at, step, given: at.network.masked(*given),
    step_types.FloatSoftmax: lambda at, step, given: at.network.softmax(*given),
    step_types.FloatLogistic: lambda at, step, given: at.network.logistic(*given),
    step_types.FloatAdd: lambda at, step, given: at.network.add(*given),
    step_types.FloatConcat: _concat,
}
"""How each kind of step that the CPU runs becomes a layer."""
