"""What Unicorn calls at each block of code and at each page: machine code that counts instructions, and page rights.

Unicorn's own count calls a list of hooks before each instruction, and without page rights it takes a slow path at each
store, since any page may hold code. Both cost several times as much as the instructions themselves.
"""

from __future__ import annotations

import ctypes
import mmap
from functools import cache
from typing import Any

import numpy as np
import unicorn

from .clock import CYCLES, CYCLES_OF_A_READ, DELAY, READS, READS_OF_A_DELAY
from .clock import STOP as EMU_STOP
from .firmware_code import COUNTER
from .memory import CACHED, SIZE, UNCACHED, host_address

FILL = ctypes.CFUNCTYPE(
    ctypes.c_bool,
    ctypes.c_void_p,
    ctypes.c_uint64,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.c_void_p,
)
"""The callback of Unicorn that tells what a page is: handle, page, access, (address, rights), user."""
DATA, ANY = unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE, unicorn.UC_PROT_ALL
NOWHERE = 0xFFFF_FFFF_FFFF_FFF0
"""An address at which no code lies: runs end by their number of instructions."""
LEFT, STOP, COUNTS, MEMORY, LIMIT = range(5)
"""What the machine code works on: instructions left, uc_emu_stop, known blocks, the memory, the image's end."""
CODE = f"""
define void @block(ptr %uc, i64 %address, i32 %size, ptr %words) {{
  %left = load i64, ptr %words
  %over = icmp sle i64 %left, 0
  br i1 %over, label %stop, label %look
stop:
  %at_stop = getelementptr i64, ptr %words, i64 {STOP}
  %emu_stop = load ptr, ptr %at_stop
  %ignored = call i32 %emu_stop(ptr %uc)
  ret void
look:
  %offset = and i64 %address, {SIZE - 1}
  %at_counts = getelementptr i64, ptr %words, i64 {COUNTS}
  %counts = load ptr, ptr %at_counts
  %half = lshr i64 %offset, 1
  %at_known = getelementptr i32, ptr %counts, i64 %half
  %known = load i32, ptr %at_known
  %known_size = lshr i32 %known, 16
  %same = icmp eq i32 %known_size, %size
  %known_count = and i32 %known, 65535
  br i1 %same, label %done, label %walk
walk:
  %bytes = zext i32 %size to i64
  %end = add i64 %offset, %bytes
  %at_memory = getelementptr i64, ptr %words, i64 {MEMORY}
  %memory = load ptr, ptr %at_memory
  br label %next
next:
  %at = phi i64 [ %offset, %walk ], [ %behind, %next ]
  %count = phi i32 [ 0, %walk ], [ %more, %next ]
  %instruction = getelementptr i8, ptr %memory, i64 %at
  %first = load i8, ptr %instruction
  %length = and i8 %first, 3
  %wide = icmp eq i8 %length, 3
  %step = select i1 %wide, i64 4, i64 2
  %behind = add i64 %at, %step
  %more = add i32 %count, 1
  %again = icmp ult i64 %behind, %end
  br i1 %again, label %next, label %keep
keep:
  %at_limit = getelementptr i64, ptr %words, i64 {LIMIT}
  %limit = load i64, ptr %at_limit
  %image = icmp ult i64 %offset, %limit
  br i1 %image, label %remember, label %done
remember:
  %upper = shl i32 %size, 16
  %both = or i32 %upper, %more
  store i32 %both, ptr %at_known
  br label %done
done:
  %total = phi i32 [ %known_count, %look ], [ %more, %keep ], [ %more, %remember ]
  %wide_total = zext i32 %total to i64
  %rest = sub i64 %left, %wide_total
  store i64 %rest, ptr %words
  ret void
}}
"""
"""Takes a block's instructions from what is left, or stops in front of it when nothing is left.

How many instructions a block has is remembered for the image's own code, which keeps its bytes; the code that a
firmware writes itself is looked through each time.
"""


COUNTER_CODE = f"""
define i64 @counter(ptr %uc, i64 %offset, i32 %size, ptr %words) {{
  %word = and i64 %offset, -8
  %is_counter = icmp eq i64 %word, {COUNTER}
  br i1 %is_counter, label %half, label %nothing
nothing:
  ret i64 0
half:
  %at_cycles = getelementptr i64, ptr %words, i64 {CYCLES}
  %cycles = load i64, ptr %at_cycles
  %upper_bit = and i64 %offset, 4
  %is_upper = icmp ne i64 %upper_bit, 0
  br i1 %is_upper, label %upper, label %count
upper:
  %upper_half = lshr i64 %cycles, 32
  ret i64 %upper_half
count:
  %now = add i64 %cycles, {CYCLES_OF_A_READ}
  store i64 %now, ptr %at_cycles
  %at_reads = getelementptr i64, ptr %words, i64 {READS}
  %before = load i64, ptr %at_reads
  %reads = add i64 %before, 1
  %many = icmp sge i64 %reads, {READS_OF_A_DELAY}
  br i1 %many, label %delay, label %go
delay:
  %at_delay = getelementptr i64, ptr %words, i64 {DELAY}
  store i64 1, ptr %at_delay
  %at_stop = getelementptr i64, ptr %words, i64 {EMU_STOP}
  %emu_stop = load ptr, ptr %at_stop
  %ignored = call i32 %emu_stop(ptr %uc)
  br label %go
go:
  %kept = phi i64 [ %reads, %count ], [ 0, %delay ]
  store i64 %kept, ptr %at_reads
  %whole = icmp eq i32 %size, 8
  %lower_half = and i64 %now, 4294967295
  %value = select i1 %whole, i64 %now, i64 %lower_half
  ret i64 %value
}}
"""
"""Reads the cycle counter, which a firmware does 250,000 times while it sets up a camera.

All of the page but the counter reads as zero, as the chip's debug area does. After many reads in a row it stops the
run. The load is then done again when the run goes on, which does no harm.
"""


def counter(words: ctypes.Array[ctypes.c_int64]) -> int:
    """Return the address of the machine code that reads the cycle counter of a page of registers.

    words: `Clock.words`, which it gets as the user of the callback.
    """
    words[EMU_STOP] = _emu_stop()
    return _machine_code(COUNTER_CODE, "counter")[0]


def _emu_stop() -> int:
    from unicorn.unicorn_py3 import unicorn as library

    return ctypes.cast(library.uclib.uc_emu_stop, ctypes.c_void_p).value or 0


@cache
def _machine_code(code: str, name: str) -> tuple[int, Any]:
    """Return the address of a function of machine code, and what keeps it alive."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(opt=2)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(code), machine)
    engine.finalize_object()
    return engine.get_function_address(name), engine


class Registers:
    """The registers of a Unicorn engine, in a third of the time that its Python package takes."""

    def __init__(self, uc: Any) -> None:
        from unicorn.unicorn_py3 import unicorn as library

        self._engine = uc._uch
        self._read, self._write = library.uclib.uc_reg_read, library.uclib.uc_reg_write
        self._value = ctypes.c_uint64()
        self._address = ctypes.byref(self._value)

    def read(self, register: int) -> int:
        """Return a register of 64 bits."""
        self._read(self._engine, register, self._address)
        return self._value.value

    def write(self, register: int, value: int) -> None:
        """Set a register of 64 bits."""
        self._value.value = value
        self._write(self._engine, register, self._address)


class Budget:
    """Runs of a Unicorn engine by their number of instructions.

    memory: the 8 MiB.
    limit: length of the firmware's image.
    """

    def __init__(self, uc: Any, memory: mmap.mmap, limit: int) -> None:
        from unicorn.unicorn_py3 import unicorn as library

        self._uc = uc
        self._code: set[int] = set()
        counts = mmap.mmap(-1, 2 * SIZE)  # four bytes for each two of memory
        words = np.zeros(5, np.int64)
        words[STOP] = _emu_stop()
        words[COUNTS], words[MEMORY], words[LIMIT] = host_address(counts), host_address(memory), limit
        address, engine = _machine_code(CODE, "block")
        fill = FILL(self._fill)
        self._words = words
        self._keep = (counts, engine, fill)
        uc.ctl_set_tlb_mode(unicorn.UC_TLB_VIRTUAL)
        for kind, callback, user in (
            (unicorn.UC_HOOK_BLOCK, ctypes.c_void_p(address), words.ctypes.data),
            (unicorn.UC_HOOK_TLB_FILL, fill, 0),
        ):
            # Begin behind end: everywhere.
            library.uclib.uc_hook_add(
                uc._uch,
                ctypes.byref(ctypes.c_size_t()),
                ctypes.c_int(kind),
                callback,
                ctypes.c_void_p(user),
                ctypes.c_uint64(1),
                ctypes.c_uint64(0),
            )

    @property
    def left(self) -> int:
        """Instructions that were left at the end of the last run; less than 0 if its last block went beyond."""
        return int(self._words[LEFT])

    def run(self, pc: int, count: int) -> None:
        """Run from a pc up to the first block behind `count` instructions, or to what stops the engine.

        Raises unicorn.UcError as `emu_start` does.
        """
        self._words[LEFT] = count
        self._uc.emu_start(pc, NOWHERE)

    def _fill(self, handle: Any, page: int, access: int, entry: Any, user: Any) -> bool:
        # A store into a page without the right to hold code needs no look at the code. A page from which code was
        # once fetched, and the registers of devices, keep the slow path.
        if access == unicorn.UC_MEM_FETCH:
            self._code.add(page)
        memory = CACHED <= page < CACHED + SIZE or UNCACHED <= page < UNCACHED + SIZE
        entry[0] = page
        entry[1] = DATA if memory and page not in self._code else ANY
        return True
