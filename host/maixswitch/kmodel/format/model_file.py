"""A model as its file describes it: everything that can be said without running it."""

from __future__ import annotations

from functools import cached_property

from maixswitch.errors import KModelError
from maixswitch.language import tr

from .liveness import AiRam, ai_ram
from .program import MAX_FILE, Layer, Program, Tensor
from .sniff import V3, V4, file_kind
from .v3_reader import read_v3
from .v4_reader import read_v4


class ModelFile:
    """The content of one file.

    inputs, outputs: in the order of the file.
    layers: in the order in which they run.
    main_mem: bytes of main memory that the model needs.
    notes: what is odd about the file, but harmless.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

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


def read_program(data: bytes, bounded: bool = True) -> Program:
    """The program in the bytes of a .kmodel file. KModelError says where it is broken, or what other file it is.

    bounded: refuse a file that asks too much of this PC, see ``budget``; False for a file that only tells its sizes.
    """
    # The size is checked first, because any larger file is surely not for a board of 6 MiB.
    if len(data) > MAX_FILE:
        size = tr("{data} or more", data=len(data))
        raise KModelError(
            tr("too large for a kmodel"), field="bytes", found=size, wanted=tr("at most {most}", most=MAX_FILE)
        )
    kind = file_kind(data)
    # The first bytes decide, whatever the name of the file is.
    if kind.name == V3:
        return read_v3(memoryview(data), bounded)
    if kind.name == V4:
        return read_v4(memoryview(data), bounded)
    raise KModelError(
        kind.message, offset=0, field=tr("first bytes"), found=data[:8].hex(" "), wanted=tr("kmodel v3 or v4")
    )
