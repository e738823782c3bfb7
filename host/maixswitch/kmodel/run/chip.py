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
"""Bytes behind the main memory, which layers may touch because the firmware rounds some counts up."""


class Chip:
    """The state of one chip.

    Main memory and AI RAM start at zero and keep their content from layer to layer and from run to run, as on the chip.
    """

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
        # A memory that is neither main nor AI RAM can only hold the constants of v4, and nothing writes there.
        content = {MAIN: self.main, AI_RAM: self.ram}.get(memory, self.constants)
        return content[start : start + size]

    def kernel(self, conv: Conv) -> Kernel:
        """The backend's function for a KPU layer; it is prepared once and kept."""
        # A layer is the same object in each run, so its identity can be the key. Comparing weights would take longer.
        kernel = self._kernels.get(id(conv))
        if kernel is None:
            kernel = self._kernels[id(conv)] = self.backend.prepare(conv, self.rounding)
        return kernel

    def convolve(self, conv: Conv, batches: int, main_out: int | None) -> None:
        """Runs a KPU layer from AI RAM to AI RAM.

        batches: number of maps that lie one behind the other.
        main_out: byte offset in main memory for a packed copy of the results, or None.
        """
        self.step(conv, batches, main_out)()

    def step(self, conv: Conv, batches: int, main_out: int | None) -> Step:
        """``convolve`` as a function without arguments; it is made once and kept."""
        step = self._steps.get((id(conv), batches, main_out))
        if step is None:
            step = self._steps[id(conv), batches, main_out] = self._bound(conv, batches, main_out)
        return step

    def _bound(self, conv: Conv, batches: int, main_out: int | None) -> Step:
        # The arrays of the chip's memories are never replaced, so a backend may keep views of them.
        target = conv.output
        size = target.channels * target.height * target.width
        main = None if main_out is None else self.bytes(main_out, batches * size)
        backend, step = self.backend, None
        # A backend that binds works on the chip's memory without copies. If it declines, ``_convolve`` runs the layer.
        if isinstance(backend, Binding) and self.binds:
            step = backend.bind(conv, self.rounding, LayerMemory(self.ram, main, batches))
        step = step or partial(self._convolve, conv, self.kernel(conv), batches, main)
        # MaixPy copies packed lines by one memcpy. It takes the length from a field that holds the number of bytes less
        # one (the code of every image from v0.5.0-88 to v0.6.2-85). Other lines, and all of v4, it copies completely.
        packed = target.width % ROW == 0 and self.program.version == 3
        if main is not None and packed and not self.runtime.copies_last_byte:
            return partial(_keep_last, step, main)
        return step

    def _convolve(self, conv: Conv, kernel: Kernel, batches: int, main: Bytes | None) -> None:
        """Runs a KPU layer by a function that maps one picture to another."""
        source, target = conv.input, conv.output
        # Each map is read before its result is written: the output may lie over the input.
        for batch in range(batches):
            image = source.read(self.ram, conv.source + batch * source.rows)
            result = kernel(image)
            target.write(self.ram, conv.target + batch * target.rows, result)
            if main is not None:
                main[batch * result.size : (batch + 1) * result.size] = result.reshape(-1)

    def put(self, tensor: Tensor, values: Array) -> None:
        """Writes one input to the memory where the model reads it.

        values: of the tensor's dtype and number of elements, in any shape.
        """
        # In main memory the values lie one after another. In the AI RAM they have the layout of maps.
        if tensor.memory == AI_RAM:
            batches, channels, height, width = tensor.shape or (1, 1, 1, tensor.elements)
            layout = layout_of(channels, height, width)
            for batch, image in enumerate(values.reshape(batches, channels, height, width)):
                layout.write(self.ram, tensor.address // ROW + batch * layout.rows, image)
            return
        raw = np.frombuffer(values.astype(DTYPES[tensor.dtype]).tobytes(), np.uint8)
        self.bytes(tensor.address, raw.size)[:] = raw

    def get(self, source: Tensor | Use) -> Array:
        """Copies an output, or what a layer wrote, out of the chip.

        Returns a flat array of its dtype; maps in AI RAM come without the unused bytes at the ends of their lines.
        """
        start, size = (source.address, source.bytes) if isinstance(source, Tensor) else (source.start, source.size)
        # Without a known shape, the bytes of the AI RAM are returned in their order.
        maps = maps_in(source.shape, source.dtype, size) if source.memory == AI_RAM else None
        if maps is not None:
            layout, number = maps
            rows = range(start // ROW, start // ROW + number * layout.rows, layout.rows)
            return np.concatenate([layout.read(self.ram, row).reshape(-1) for row in rows])
        dtype = DTYPES[source.dtype]
        elements = source.elements if isinstance(source, Tensor) else size // dtype.itemsize
        return np.frombuffer(self.view(source.memory, start, elements * dtype.itemsize).tobytes(), dtype)


def _keep_last(step: Step, main: Bytes) -> None:
    """Runs a layer that does not write the last byte of its copy in main memory."""
    last = main[-1]
    step()
    main[-1] = last
