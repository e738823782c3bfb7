"""The chip's memory: 8 MiB that the CPU, the KPU and the DMA see at two addresses."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

CACHED = 0x8000_0000
UNCACHED = 0x4000_0000
SIZE = 0x80_0000
KPU_MEMORY = 0x60_0000
"""Offset of the 2 MiB that the KPU works in; the CPU sees them as plain memory too."""
PAGE = 0x1000
READ = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_void_p)
WRITE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint64, ctypes.c_void_p)
"""The callbacks of Unicorn for a page of registers: handle, offset, size, (value,) user."""


def map_registers(uc: Any, base: int, size: int, read: Any, write: Any, user: int | None = None) -> None:
    """Give Unicorn the callbacks of a page of registers, without its Python binding in between.

    A read takes 0.4 microseconds instead of 1 so. The caller keeps the callbacks alive.

    user: what the callback of a read gets as its last argument.
    """
    # Imported here, so that the memory of an image can be looked at without Unicorn.
    from unicorn.unicorn_py3 import unicorn as binding

    binding.uclib.uc_mmio_map(uc._uch, ctypes.c_uint64(base), ctypes.c_size_t(size), read, user, write, None)


def host_address(buffer: mmap.mmap) -> int:
    """Return the address in this process at which a buffer begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


class Memory:
    """The 8 MiB, as bytes of this process. ``data`` is a numpy view of them."""

    def __init__(self) -> None:
        self.buffer = mmap.mmap(-1, SIZE, access=mmap.ACCESS_COPY)  # private, so that a fork has a chip of its own
        self.data: NDArray[np.uint8] = np.frombuffer(self.buffer, np.uint8)

    def offset(self, address: int, size: int = 1) -> int | None:
        """Return where an address lies in the buffer, or None when it is not (all of it) in memory."""
        for base in (CACHED, UNCACHED):
            if base <= address and address + size <= base + SIZE:
                return address - base
        return None

    def view(self, address: int, size: int) -> NDArray[np.uint8]:
        """Return a writable view of `size` bytes at a chip address.

        Raises ValueError when the range is not in memory.
        """
        start = self.offset(address, size)
        if start is None:
            raise ValueError(f"{size} bytes at {address:#x} are not in the chip's memory")
        return self.data[start : start + size]
