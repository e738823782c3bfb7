"""Firmware images for tests: the start, the tables and the texts of a MaixPy, without any of its code."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

BASE = 0x8000_0000
STACKS = 0x1_0000
TYPE_OF_MODULES = b"type of modules "
"""Stands where the image has the type of all modules."""
BANNER = b"MicroPython v0.6.2-72-g22a8555b5 on 2021-11-02; Sipeed_M1 with kendryte-k210"
V4_TEXT = b"ERR_KMODEL_VERSION: only support kmodel V3/V4 now"
CPP_TEXT = b"terminate called recursively"
HEAP_START = 0x8012_1EC0
"""Of the image minimum_with_kmodel_v4_support of v0.6.2-72, whose figure at the prompt is 4376 KiB."""
HEAP_END = 0x8060_0000
MODULES = {
    "KPU": ["load", "run_yolo2"],
    "Maix": ["config", "utils"],
    "image": ["Image", "font_load"],
    "machine": ["SDCard", "WDT"],
    "micropython": ["const"],
    "sensor": ["run"],
    "ucollections": ["namedtuple"],
}
FROZEN = ("_boot", "board", "fpioa_manager")


class _Builder:
    """Collects parts of an image and knows their addresses."""

    def __init__(self, start: bytes) -> None:
        self.code = bytearray(start)

    def put(self, part: bytes) -> int:
        """Append a part at the next multiple of 8; return its address."""
        self.code += bytes(-len(self.code) % 8)
        self.code += part
        return BASE + len(self.code) - len(part)


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)


def start_code(heap_start: int, long_shift: bool = False) -> bytes:
    """Return the start of an image: a jump over the mark, then what puts the stacks behind the program.

    long_shift: True for the shift of 32 bits in place of the short one.
    """
    at = 0x40
    distance = heap_start - STACKS + 63 - (BASE + at)
    upper = (distance + 0x800) >> 12
    tp = (upper << 12 | 0x217).to_bytes(4, "little")
    tp += ((distance - (upper << 12) & 0xFFF) << 20 | 0x20213).to_bytes(4, "little")
    hart = bytes.fromhex("732540f1 13011500".replace(" ", ""))  # csrr a0, mhartid; addi sp, a0, 1
    shift = (15 << 20 | 0x0001_1113).to_bytes(4, "little") if long_shift else (0x0102 | 15 << 2).to_bytes(2, "little")
    jump = b"\x01\xa8" + b"\xef\xbe\xad\xde"
    return jump + bytes(at - len(jump)) + tp + hart + shift + bytes(64)


def store_of_python_heap(size: int) -> bytes:
    """Return instructions that store the default size of the Python heap: lui a5; addiw a5, a5; sw a5, 12(s0)."""
    upper, lower = (size + 0x800) >> 12, (size & 0xFFF) << 20
    code = (upper << 12 | 0x7B7).to_bytes(4, "little")
    code += (lower | 0x7879B).to_bytes(4, "little") if lower else b""
    return code + b"\x5c\xc4"


def _address_of(end: int, at: int) -> bytes:
    """Return the instructions that put `end` into a5: auipc a5; addi a5, a5; `at` is the address of the first."""
    distance = end - at
    upper, lower = (distance + 0x800) >> 12, distance & 0xFFF
    return (upper << 12 | 0x797).to_bytes(4, "little") + (lower << 20 | 0x7_8793).to_bytes(4, "little")


def image(
    modules: Mapping[str, Sequence[str]] = MODULES,
    frozen: Sequence[str] = FROZEN,
    names: Sequence[str] = ("heap_free", "lcd_type"),
    banner: bytes = BANNER,
    texts: Sequence[bytes] = (V4_TEXT, CPP_TEXT),
    heap: tuple[int, int] = (HEAP_START, HEAP_END),
    hash_bytes: int = 1,
    long_shift: bool = False,
    key_shift: int = 2,
    computed_ends: Sequence[int] = (),
    python_heaps: Sequence[int] = (),
) -> bytes:
    """Return an image.

    modules: built-in modules with the names in them.
    frozen: modules in Python.
    names: further names that the C code knows.
    heap: first address of the system heap, and the one behind it.
    key_shift: bits of a key below the number of its name.
    computed_ends: ends of the heap that instructions compute, as in the old builds that keep no word with the end.
    python_heaps: sizes of the Python heap that instructions store.
    """
    builder = _Builder(start_code(heap[0], long_shift))
    second = {name[1:]: name for name in modules if name in ("ucollections", "ujson")}
    known = dict.fromkeys(("__name__", *modules, *second, *names, *(name for row in modules.values() for name in row)))
    # The pool: each name behind its hash and its length, then a table of pointers behind the number of names.
    pointers = [builder.put(bytes(hash_bytes) + bytes((len(name),)) + name.encode() + b"\0") for name in known]
    builder.put(_words(0, len(known), len(known)) + _words(*pointers))
    key = {name: number << key_shift | 2 for number, name in enumerate(known)}
    module_type = builder.put(TYPE_OF_MODULES)
    address = {}
    for module, inside in modules.items():
        pairs = [key["__name__"], 0, *(word for name in inside for word in (key[name], 1))]
        table = builder.put(_words(*pairs))
        size = len(inside) + 1
        dict_ = builder.put(_words(module_type, size << 3 | 7, size, table))
        address[module] = builder.put(_words(module_type, dict_))
    builder.put(_words(*(word for name in modules for word in (key[name], address[name])), 0))
    builder.put(_words(*(word for name, first in second.items() for word in (key[name], address[first])), 0))
    builder.put(b"\0" + b"".join(name.encode() + b".py\0" for name in frozen) + b"\0")
    for text in (banner, *texts):
        builder.put(text + b"\0")
    for size in python_heaps:
        builder.put(store_of_python_heap(size))
    for end in computed_ends:
        builder.code += bytes(-len(builder.code) % 8)
        builder.put(_address_of(end, BASE + len(builder.code)))
    builder.put(_words(heap[0], *(() if computed_ends else (heap[0], heap[1] - 0x4000_0000))))
    return bytes(builder.code)


def package(
    files: Mapping[str, bytes], entries: Sequence[Mapping[str, object]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Return a .kfpkg with those files and that list."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("flash-list.json", json.dumps({"version": "0.1.0", "files": list(entries)}))
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
