"""Runs real models behind the simulated KPU when the app calls kpu.forward or kpu.run_yolo2.

The interface is that of ``bench.kpu.engine`` (stubs/bench.py); nothing here imports the stubs.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from maixswitch.errors import KModelError
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.layer_facts import conv_of
from maixswitch.kmodel.format.program import AI_RAM, Layer
from maixswitch.kmodel.judge.timing import timing
from maixswitch.kmodel.run.backends import BEST
from maixswitch.kmodel.run.model import KModel, load
from maixswitch.kmodel.run.roundings import DEFAULT_ROUNDING
from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME
from maixswitch.language import tr

KEPT_MODELS = 8
Planes = bytes | bytearray | memoryview
Shape = tuple[int, int, int]


class LoadedModel:
    """One loaded model in the form that the bench expects (stubs/bench.py).

    Sizes are in bytes. Shapes are (width, height, channels), but ``input_shape`` is (channels, height, width).
    """

    def __init__(self, model: KModel) -> None:
        self.model = model
        self.version = model.version
        self.main_mem = model.main_mem
        self.layers = len(model.layers)
        entry = model.inputs[0]
        # None tells the fakes that the network takes floats instead of a picture.
        self.input_shape: Shape | None = None
        if entry.dtype == "uint8" and entry.shape is not None:
            channels, height, width = entry.shape[-3:]
            self.input_shape = channels, height, width
        self.first_is_conv = entry.memory == AI_RAM
        # run_yolo2 of a v3 model takes its grid from the last convolution, wherever that is (stubs/KPU.py).
        convs = [conv for conv in map(conv_of, model.layers) if conv is not None]
        grids = [(conv.output.width, conv.output.height, conv.output.channels) for conv in convs]
        self.grid: Shape | None = grids[-1] if grids and model.version == 3 else None
        # The firmware returns raw bytes only if the last layer of a v3 model is a convolution. A v4 model always
        # returns floats.
        raw = self.grid if model.version == 3 and conv_of(model.layers[-1]) is not None else None
        self.outputs = tuple(
            (raw[0] * raw[1] * raw[2], raw, "B")
            if raw is not None
            else (tensor.bytes, None, "B" if model.version == 3 and tensor.dtype == "uint8" else "f")
            for tensor in model.outputs
        )
        self.run_ms = timing(model).run_ms  # estimated time on the chip
        self.input_floats = model.inputs[0].elements if model.inputs else 0
        self.netinfo = tuple(map(_netinfo, model.layers)) if model.version == 3 else ()

    def run(self, x: Planes | Sequence[float] | None) -> list[Array]:
        """Run one inference; return a flat uint8 or float32 array for each output.

        x: the input; None for a black picture.
        Raises KModelError when the input has another size than the model's.
        """
        entry = self.model.inputs[0]
        if x is None:
            values: Array = np.zeros(entry.elements, np.uint8)
        elif isinstance(x, (bytes, bytearray, memoryview)):
            values = np.frombuffer(x, np.uint8)
        else:
            values = np.asarray(x, np.float32)
        # NumPy's own error for a wrong shape would not mention the model.
        if values.size != entry.elements:
            raise KModelError(tr("wrong input"), field="elements", found=values.size, wanted=entry.elements)
        return self.model.run(values.reshape(entry.shape or (entry.elements,)))


def _netinfo(layer: Layer) -> tuple[int, ...]:
    """Return a row of kpu.netinfo: type, wi, hi, wo, ho, chi, cho, dw, kernel_type, pool_type, para_size."""
    conv = conv_of(layer)
    # Other layers have no registers: only type and size are known.
    if conv is None:
        return (layer.type.id, *[0] * 9, layer.size)
    names = ("depth_wise_layer", "kernel_type", "pool_type", "para_size")
    source, target = conv.input, conv.output
    sizes = (source.width, source.height, target.width, target.height, source.channels, target.channels)
    return (layer.type.id, *sizes, *(conv.registers[name] for name in names))


class Emulator:
    """Turns the contents of files into networks; keeps the models used last, so that loading one again is fast."""

    def __init__(self, rounding: str = DEFAULT_ROUNDING, runtime: str = DEFAULT_RUNTIME, backend: str = BEST) -> None:
        self.rounding = rounding
        self.runtime = runtime
        self.backend = backend
        self._kept: OrderedDict[bytes, LoadedModel] = OrderedDict()

    def load(self, data: Planes) -> LoadedModel:
        """Return the network of a file. Raises KModelError for anything but a kmodel v3 or v4 that can run."""
        # A SparseFile stands for a large file without its contents: only the scripted engine can load it.
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise KModelError(
                tr("only the description of a file, not its bytes"), field="data", found=type(data).__name__
            )
        key = hashlib.blake2b(data, digest_size=16).digest()
        network = self._kept.get(key)
        if network is None:
            network = self._kept[key] = LoadedModel(load(bytes(data), self.rounding, self.runtime, self.backend))
            # Beyond this number drop the model that was used longest ago: memory matters more than a second.
            if len(self._kept) > KEPT_MODELS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        # The same object is used again. As after a load on the chip, nothing of its last run may remain.
        network.model.reset()
        return network
