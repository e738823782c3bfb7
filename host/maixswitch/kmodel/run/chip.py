"""The emulated chip: its memories, the arithmetic of its CPU, and its KPU by way of a backend."""

from __future__ import annotations

from functools import partial

import numpy as np

from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format.airam import ROW, layout_of, maps_in
from maixswitch.kmodel.format.arrays import DTYPES, Array, Bytes, Floats
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.program import AI_RAM, MAIN, Program, Tensor, Use

from .backends.interface import Backend, Binding, Kernel, LayerMemory, Step
from .runtimes import Runtime

SLACK = 64
"""Bytes behind the main memory: the device rounds some counts up to a multiple of 8."""


class Chip:
    """Both memories stay as they are from layer to layer and from run to run, as on the chip; they start at zero."""

    def __init__(self, program: Program, backend: Backend, rounding: str, runtime: Runtime) -> None:
        self.program = program
        self.rounding = rounding
        self.runtime = runtime
        self.binds = isinstance(backend, Binding) and backend.binds
        self.arithmetic = runtime.arithmetic(compiled=self.binds)
        self.ram: Bytes = np.zeros(airam.SIZE, np.uint8)
        self.main: Bytes = np.zeros(program.main_memory + SLACK, np.uint8)
        self.constants: Bytes = np.frombuffer(program.constants, np.uint8)
        self.backend = backend
        self._kernels: dict[int, Kernel] = {}
        self._steps: dict[tuple[int, int, int | None], Step] = {}

    def reset(self) -> None:
        """Both memories to zero."""
        self.ram[:] = 0
        self.main[:] = 0

    def bytes(self, address: int, count: int) -> Bytes:
        """Main memory as uint8."""
        return self.main[address : address + count]

    def floats(self, address: int, count: int) -> Floats:
        """Main memory as float32; a view, also at odd addresses."""
        view: Floats = self.main[address : address + 4 * count].view("<f4")
        return view

    def view(self, memory: str, start: int, size: int) -> Bytes:
        """Any memory as uint8."""
        whole = {MAIN: self.main, AI_RAM: self.ram}.get(memory, self.constants)
        return whole[start : start + size]

    def kernel(self, conv: Conv) -> Kernel:
        """The backend's function for a KPU layer; made once."""
        found = self._kernels.get(id(conv))
        if found is None:
            found = self._kernels[id(conv)] = self.backend.prepare(conv, self.rounding)
        return found

    def convolve(self, conv: Conv, batches: int, main_out: int | None) -> None:
        """Runs a KPU layer from AI RAM to AI RAM, and to packed main memory at ``main_out`` if given."""
        self.step(conv, batches, main_out)()

    def step(self, conv: Conv, batches: int, main_out: int | None) -> Step:
        """The same as a call; made once."""
        found = self._steps.get((id(conv), batches, main_out))
        if found is None:
            found = self._steps[id(conv), batches, main_out] = self._bound(conv, batches, main_out)
        return found

    def _bound(self, conv: Conv, batches: int, main_out: int | None) -> Step:
        target = conv.output
        size = target.channels * target.height * target.width
        main = None if main_out is None else self.bytes(main_out, batches * size)
        backend, step = self.backend, None
        if isinstance(backend, Binding) and self.binds:
            step = backend.bind(conv, self.rounding, LayerMemory(self.ram, main, batches))
        return step or partial(self._convolve, conv, self.kernel(conv), batches, main)

    def _convolve(self, conv: Conv, kernel: Kernel, batches: int, main: Bytes | None) -> None:
        source, target = conv.input, conv.output
        for batch in range(batches):
            image = source.read(self.ram, conv.source + batch * source.rows)
            result = kernel(image)
            target.write(self.ram, conv.target + batch * target.rows, result)
            if main is not None:
                main[batch * result.size : (batch + 1) * result.size] = result.reshape(-1)

    def put(self, tensor: Tensor, values: Array) -> None:
        """Brings one input to where the model wants it; ``values`` in the tensor's own dtype and size."""
        if tensor.memory == AI_RAM:
            batches, channels, height, width = tensor.shape or (1, 1, 1, tensor.elements)
            layout = layout_of(channels, height, width)
            for batch, image in enumerate(values.reshape(batches, channels, height, width)):
                layout.write(self.ram, tensor.address // ROW + batch * layout.rows, image)
            return
        raw = np.frombuffer(values.astype(DTYPES[tensor.dtype]).tobytes(), np.uint8)
        self.bytes(tensor.address, raw.size)[:] = raw

    def get(self, place: Tensor | Use) -> Array:
        """A copy of an output or of what a layer wrote, flat, in its dtype; maps in AI RAM without their slack."""
        start, size = (place.address, place.bytes) if isinstance(place, Tensor) else (place.start, place.size)
        maps = maps_in(place.shape, place.dtype, size) if place.memory == AI_RAM else None
        if maps is not None:
            layout, number = maps
            rows = range(start // ROW, start // ROW + number * layout.rows, layout.rows)
            return np.concatenate([layout.read(self.ram, row).reshape(-1) for row in rows])
        dtype = DTYPES[place.dtype]
        elements = place.elements if isinstance(place, Tensor) else size // dtype.itemsize
        return np.frombuffer(self.view(place.memory, start, elements * dtype.itemsize).tobytes(), dtype)
