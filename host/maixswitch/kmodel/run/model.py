"""A loaded model: the content of its file, and the emulated chip that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maixswitch import files
from maixswitch.errors import KModelError
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.model_file import ModelFile, read_program
from maixswitch.kmodel.format.program import MAX_FILE, Layer, Program
from maixswitch.language import tr

from .backends import BEST, backend
from .machine import Machine
from .roundings import DEFAULT_ROUNDING, rounding_named
from .runtimes import DEFAULT_RUNTIME, runtime_named

DEFAULT_BACKEND = BEST


class KModel(ModelFile):
    """One model, ready to run."""

    def __init__(
        self,
        program: Program,
        rounding: str = DEFAULT_ROUNDING,
        runtime: str = DEFAULT_RUNTIME,
        backend_name: str = DEFAULT_BACKEND,
    ) -> None:
        super().__init__(program)
        self.rounding = rounding_named(rounding)
        self._runtime = runtime_named(runtime)
        self._backend = backend(backend_name)
        self._machine: Machine | None = None

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def runtime(self) -> str:
        """Whose arithmetic the CPU layers follow: a name of ``runtimes.RUNTIMES``."""
        return self._runtime.name

    @property
    def machine(self) -> Machine:
        """The emulated chip; its memories live as long as the model."""
        if self._machine is None:
            self._machine = Machine(self.program, self._backend, self.rounding, self._runtime)
        return self._machine

    def reset(self) -> None:
        """Sets both memories of the emulated chip to zero, as after power-on."""
        if self._machine is not None:
            self._machine.reset()

    def run(self, *arrays: Array) -> list[Array]:
        """Runs one inference.

        arrays: one for each input, in its shape (``inputs``); leading sizes of 1 may be omitted. uint8 (C, H, W) or
        (N, C, H, W); for an input of floats any real numbers, which become float32.
        Returns a flat array for each output, uint8 or float32, channels first; ``outputs`` has the shapes that the file
        tells. Both memories of the chip keep their content between runs.
        Raises KModelError for another number of arrays, a wrong size or type, and a layer that no firmware runs.
        Sources: nncase 0.1 K210Conv2d.cs, SDK kpu.c (v3); nncase 0.2 k210_kernels.h, neutral_kernels.h,
        cpu_kernels.h (v4).
        """
        self._feed(arrays)
        self.machine.run()
        return [self.machine.get(tensor) for tensor in self.outputs]

    def run_layers(self, *arrays: Array) -> Iterator[tuple[Layer, list[Array]]]:
        """Runs one inference, layer by layer; a layer runs when the iterator is advanced.

        Arguments, errors and sources are those of ``run``.
        Yields each layer with flat copies of its results. A KPU layer that also writes to main memory has two,
        the one in the AI RAM first; maps come without the unused bytes at the ends of their lines.
        """
        self._feed(arrays)
        for layer in self.machine.steps():
            yield layer, [self.machine.get(use) for use in layer.written()]

    def _feed(self, arrays: tuple[Array, ...]) -> None:
        # The number of arrays is checked first, because pairing them up would hide a missing one.
        if len(arrays) != len(self.inputs):
            raise KModelError(tr("wrong number of inputs"), field="inputs", found=len(arrays), wanted=len(self.inputs))
        for index, (tensor, values) in enumerate(zip(self.inputs, arrays, strict=True)):
            values = np.asarray(values)
            # Floats are not cut to bytes silently: a picture of 0..1 would become black.
            fits = values.dtype == np.uint8 or (tensor.dtype == "float32" and values.dtype.kind in "fiu")
            shape = tensor.shape or (tensor.elements,)
            # Leading ones carry no information, so a picture without a batch is accepted.
            if not fits or _core(values.shape) != _core(shape):
                # Most pictures come with the channels last, so the message says what is expected.
                order = tr(", channels first") if len(shape) > 2 else ""
                raise KModelError(
                    tr("the input does not fit the model"),
                    field=tr("input {index}", index=index),
                    found=f"{values.dtype} {values.shape}",
                    wanted=f"{tensor.dtype} {shape}{order}",
                )
            self.machine.put(tensor, values)


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its leading ones."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def read_file(path: str | Path) -> bytes:
    """A file's bytes, at most one more than a model may have; MaixSwitchError (input) if it cannot be read."""
    return files.read(Path(path), MAX_FILE + 1)


def load(
    source: str | Path | bytes | bytearray | memoryview,
    rounding: str = DEFAULT_ROUNDING,
    runtime: str = DEFAULT_RUNTIME,
    backend: str = DEFAULT_BACKEND,
    bounded: bool = True,
) -> KModel:
    """Reads a kmodel v3 or v4.

    source: a path, or the bytes of the file.
    rounding: how the KPU rounds, "v02" or "v01" (see ``roundings``).
    runtime: whose arithmetic the CPU layers follow, "maixpy", "canmv" or "sdk" (see ``runtimes``).
    backend: how layers are computed (see ``backends``); all give the same results.
    bounded: refuse bytes that ask too much of this PC; False if only their sizes are looked at.
    Raises KModelError for a file that is not such a model, is broken, or asks for more than the chip has, with offset,
    field, found and wanted. Raises MaixSwitchError when the file cannot be read, and for an unknown rounding, runtime
    or backend.
    Sources: nncase 0.1 Generator.cs, SDK kpu.h (v3); nncase 0.2 model.h and its bodies (v4).
    """
    # Bytes are accepted as well, so that tests and the converter need no file on disk.
    if isinstance(source, (bytes, bytearray, memoryview)):
        return KModel(read_program(bytes(source), bounded), rounding, runtime, backend)
    return KModel(read_program(read_file(source)), rounding, runtime, backend)
