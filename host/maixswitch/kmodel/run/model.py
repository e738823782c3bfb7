"""A loaded model: what it says about itself, and the chip that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.program import MAX_FILE, Layer, Program, Tensor
from maixswitch.kmodel.format.sniff import V3, V4, recognise
from maixswitch.kmodel.judge.liveness import AiRam, ai_ram
from maixswitch.language import tr

from .arithmetic import ROUNDINGS
from .backends import BEST, backend
from .machine import Machine
from .runtimes import DEFAULT_RUNTIME, runtime_named

DEFAULT_BACKEND = BEST


class KModel:
    """One model, ready to run.

    ``inputs`` and ``outputs`` are Tensors in the order of the file, ``layers`` the file's layers, ``main_mem`` the
    bytes of main memory that the chip must find for it, ``notes`` what is odd but harmless about the file.
    """

    def __init__(
        self,
        program: Program,
        rounding: str = "v02",
        runtime: str = DEFAULT_RUNTIME,
        backend_name: str = DEFAULT_BACKEND,
    ) -> None:
        if rounding not in ROUNDINGS:
            raise MaixSwitchError(
                tr("no rounding {rounding!r}; there are {known}", rounding=rounding, known=", ".join(ROUNDINGS)),
                EXIT_USAGE,
            )
        self.program = program
        self.rounding = rounding
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
    def version(self) -> int:
        return self.program.version

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return self.program.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return self.program.outputs

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.program.layers

    @property
    def main_mem(self) -> int:
        return self.program.main_memory

    @property
    def file_size(self) -> int:
        return self.program.file_size

    @property
    def notes(self) -> tuple[str, ...]:
        return self.program.notes

    @cached_property
    def ai_ram(self) -> AiRam:
        """Which rows of the AI RAM are in use, layer by layer."""
        return ai_ram(self.program)

    @property
    def machine(self) -> Machine:
        """The emulated chip; its memories live as long as the model."""
        if self._machine is None:
            self._machine = Machine(self.program, self._backend, self.rounding, self._runtime)
        return self._machine

    def reset(self) -> None:
        """Both memories of the emulated chip to zero, as after power-on."""
        if self._machine is not None:
            self._machine.reset()

    def run(self, *arrays: Array) -> list[Array]:
        """One inference: a flat array per output, uint8 or float32, in the order of the file.

        One array per input, in its shape (``inputs``), ones in front may be left out: uint8 (C, H, W) or (N, C, H, W);
        where the model takes floats any real numbers, which become float32. Outputs are packed channels first; their
        shapes, where the file tells them, stand in ``outputs``. Both memories keep what they held before. KModelError
        for another number of arrays, size or type, and for a layer that no firmware runs. Sources: nncase 0.1
        K210Conv2d.cs, SDK kpu.c (v3); nncase 0.2 k210_kernels.h, neutral_kernels.h, cpu_kernels.h (v4).
        """
        self._feed(arrays)
        self.machine.run()
        return [self.machine.get(tensor) for tensor in self.outputs]

    def run_layers(self, *arrays: Array) -> Iterator[tuple[Layer, list[Array]]]:
        """One inference, layer by layer: each layer with flat copies of what it wrote (without the AI RAM's slack).

        Arrays, types, errors and sources are those of ``run``; of a KPU layer that also writes to main memory both
        copies come, the AI RAM's first. Layers run as the iterator is advanced.
        """
        self._feed(arrays)
        for layer in self.machine.steps():
            yield layer, [self.machine.get(use) for use in layer.written()]

    def _feed(self, arrays: tuple[Array, ...]) -> None:
        if len(arrays) != len(self.inputs):
            raise KModelError(tr("wrong number of inputs"), field="inputs", found=len(arrays), wanted=len(self.inputs))
        for index, (tensor, values) in enumerate(zip(self.inputs, arrays, strict=True)):
            values = np.asarray(values)
            fits = values.dtype == np.uint8 or (tensor.dtype == "float32" and values.dtype.kind in "fiu")
            shape = tensor.shape or (tensor.elements,)
            if not fits or _core(values.shape) != _core(shape):
                order = tr(", channels first") if len(shape) > 2 else ""
                raise KModelError(
                    tr("the input does not fit the model"),
                    field=tr("input {index}", index=index),
                    found=f"{values.dtype} {values.shape}",
                    wanted=f"{tensor.dtype} {shape}{order}",
                )
            self.machine.put(tensor, values)


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the ones before it."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def read_program(data: bytes) -> Program:
    """The program of a .kmodel file's bytes; KModelError says what else the file is, or where it is broken."""
    if len(data) > MAX_FILE:
        found = tr("{data} or more", data=len(data))
        raise KModelError(
            tr("too large for a kmodel"), field="bytes", found=found, wanted=tr("at most {most}", most=MAX_FILE)
        )
    kind = recognise(data)
    if kind.name == V3:
        from maixswitch.kmodel.format.v3_reader import read_v3

        return read_v3(memoryview(data))
    if kind.name == V4:
        from maixswitch.kmodel.format.v4_reader import read_v4

        return read_v4(memoryview(data))
    raise KModelError(
        kind.message, offset=0, field=tr("first bytes"), found=data[:8].hex(" "), wanted=tr("kmodel v3 or v4")
    )


def read_file(path: str | Path) -> bytes:
    """A file's bytes, of a very large one only so many that it is seen to be too large; MaixSwitchError (input)."""
    return files.read(Path(path), MAX_FILE + 1)


def load(
    source: str | Path | bytes | bytearray | memoryview,
    rounding: str = "v02",
    runtime: str = DEFAULT_RUNTIME,
    backend: str = DEFAULT_BACKEND,
) -> KModel:
    """Reads a .kmodel v3 or v4 from a path or from its bytes.

    ``rounding``: how the KPU rounds, "v02" (nncase 0.2 and later, the vendor's) or "v01" (nncase 0.1). ``runtime``:
    whose arithmetic the CPU layers follow, "maixpy", "canmv" or "sdk", see ``runtimes``. ``backend``: how layers are
    computed, see ``backends``; all give the same results. Raises KModelError for a file that is no such model, is
    broken, or asks for more than the chip has (offset, field, found, wanted), and MaixSwitchError when it cannot be
    read or there is no such rounding, runtime or backend. Sources: nncase 0.1 Generator.cs, SDK kpu.h (v3); nncase 0.2
    model.h and its bodies (v4).
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return KModel(read_program(bytes(source)), rounding, runtime, backend)
    return KModel(read_program(read_file(source)), rounding, runtime, backend)
