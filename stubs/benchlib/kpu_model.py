"""One loaded model: the checks of the loader in the library's order, its memory and its outputs.

The order of the checks and the sizes come from the disassembly of lib_sipeed_kpu.a (see README.md). The names are ours.
"""

import array
import gc
import sys

import bench
import flavours
from benchlib import vfs
from benchlib.errors import EngineError
from benchlib.headers import V4_MAGIC, word

ENCRYPTED = (0x2713, 0x534D444C, 0x454D444C)  # smodel v3, "LDMS", "LDME"


def engine():
    """Return the engine in use, which is the scripted one unless a test chose another."""
    if bench.kpu.engine is None:
        from benchlib.engine import ScriptedEngine

        bench.kpu.engine = ScriptedEngine()
    return bench.kpu.engine


def no_memory() -> int:
    """Print the line of the SDK for a failed malloc and return code 2006."""
    bench.uart.print("E (%d) SYSCALL: Out of memory" % (bench.clock.now * 400000))
    return 2006


class Model:
    """A model in one of the slots of the library."""

    def __init__(self, where):
        self.where = where
        self.id = 0
        self.network = None
        self.size = 0
        self.blocks = []  # system heap
        self.buffers = None  # one array('f') or bytearray per output, allocated when first needed
        self.shapes = {}  # output index -> (w, h, ch) from set_outputs
        self.layer_heads = ()  # (type, bytes) of each layer of a v3 file
        self.yolo = None  # system heap block of the yolo arguments
        self.alive = True
        self.run_entry = ()
        self.generation = bench.generation  # of the board that loaded it: after the next reset() it owns nothing

    def take(self, name: str, size: int) -> bool:
        """Allocate `size` bytes of the system heap for this model. Returns False when it is full."""
        block = bench.memory.alloc(name, size)
        if block is None:
            return False
        self.blocks.append(block)
        return True

    def load(self, drive, path: str) -> int:
        """Load a file and return 0 or the library's code; a failed load keeps nothing."""
        code = self._load(drive, path)
        if code:
            self.release()
        return code

    def _load(self, drive, path):
        # The steps are in the library's order, because a program sees the code of the first fault only.
        slot = free_slot()
        if slot < 0:
            return 2009
        try:
            # Open, read and the end of the read are separate operations, so that a test can pull the card at
            # each of them.
            drive.touch()
            is_dir, size = drive.stat(path)
            if is_dir or size < 8:
                return 2005
            drive.touch()
            data = drive.backend.read(path)
        except OSError:
            return 2005
        code = self.check(head_of(data), size)
        if code:
            return code
        # Reading takes time only now: a file that its header condemns is not read.
        bench.block(size // drive.bytes_per_ms)
        try:
            drive.touch()
        except OSError:
            return 2005
        return self.start(data, slot)

    def load_address(self, address: int) -> int:
        """Load from an address in the flash chip, whose content is bench.kpu.flash. Returns 0 or the library's code."""
        slot = free_slot()
        if slot < 0:
            return 2009
        data = bench.kpu.flash.get(address)
        if data is None:
            return 2002  # no model is at this address
        code = self.check(head_of(data), len(data))
        if not code:
            bench.block(len(data) // 8000)
            code = self.start(data, slot)
        if code:
            self.release()
        return code

    def check(self, head, size: int) -> int:
        """Check the first word, the size and the version, then allocate the file's memory. Returns 0 or a code."""
        first = word(head, 0)
        # The first word is checked before the size: an encrypted file that is too large still gives 2004.
        if first in ENCRYPTED:
            return 2004  # the fake cannot decrypt; the code on a board with another key is not known
        if first not in (3, V4_MAGIC):
            return 2002
        if size < 1 or size > flavours.MODEL_LIMIT:
            return 2003
        # A build without v4 support does not know the magic, so a v4 file gives the code of an unknown file.
        if first == V4_MAGIC and not bench.flavour[flavours.V4]:
            return 2002
        self.size = size
        # File buffer and context are allocated here; start() allocates the main memory after the file was read.
        for name, nbytes in flavours.need_parts(3 if first == 3 else 4, size, 0)[:2]:
            if not self.take(name, nbytes):
                return no_memory()
        return 0

    def start(self, data, slot):
        """Do what follows the reading of the file: header, main memory, engine, slot. Returns 0 or a code."""
        head = head_of(data)
        first = word(head, 0)
        # The v3 loader accepts one architecture only, which it checks once the file is in memory.
        if first == 3 and word(head, 8) != 0:
            return 2002
        # Later kmodels have the same magic. The loader does not compare the version and reads them as v4.
        if first == V4_MAGIC and word(head, 4) != 4:
            bench.hard_fault("kmodel v%d: its loader takes it for a v4, and copies 2 GiB" % word(head, 4))
        if not self.take("main memory", word(head, 20)):
            if first == V4_MAGIC:
                bench.hard_fault("kmodel v4: its main memory does not fit, which the loader does not notice")
            return no_memory()
        if first == 3:
            at = 28 + word(head, 24) * 8
            self.layer_heads = tuple(
                [(word(head, at + i * 8), word(head, at + i * 8 + 4)) for i in range(word(head, 12))]
            )
        # The closed library never raises, so every exception of the engine becomes a
        # code. The serial line shows the reason.
        try:
            self.network = engine().load(data)
        except EngineError as error:
            bench.uart.print("engine: %s" % error.reason)
            return error.code
        except Exception as error:
            bench.uart.print("engine: %s: %s" % (type(error).__name__, error))
            return 2015
        # The slot is taken last, so that no fault above has to free it.
        self.id = bench.kpu.next_id
        bench.kpu.next_id += 1
        bench.kpu.loads += 1
        bench.kpu.slots[slot] = self
        bench.kpu.note(("load", self.id, self.where))
        self.run_entry = ("run", self.id)
        return 0

    def release(self) -> None:
        """Free the file buffer, the main memory, the slot and the arguments of init_yolo2."""
        # A task may outlive bench.reset(). Then its blocks belong to the old heap and must not be freed in the new one.
        if self.generation == bench.generation:
            for block in self.blocks:
                bench.memory.free_block(block)
            self.free_yolo()
        self.blocks = []
        self.yolo = None
        # A second release must not free the slot: another model may have taken it meanwhile.
        if self.alive:
            self.alive = False
            slots = bench.kpu.slots
            for index in range(len(slots)):
                if slots[index] is self:
                    slots[index] = None
        self.network = None
        self.buffers = None

    def finalise(self) -> None:
        """Do what the firmware does when it collects the task."""
        bench.uart.print("kpu_net __del__")
        if self.alive:
            bench.kpu.note(("finalised", self.id))
            self.release()

    def free_yolo(self) -> None:
        if self.yolo is not None and self.generation == bench.generation:
            bench.memory.free_block(self.yolo)
        self.yolo = None

    def output_buffers(self):
        """Return one buffer per output: the memory that the fmaps show."""
        if self.buffers is None:
            self.buffers = [
                array.array("f", bytearray(size // 4 * 4)) if typecode == "f" else bytearray(size)
                for size, _, typecode in self.network.outputs
            ]
        return self.buffers

    def run(self, x) -> int:
        """Run the network on planes or floats and overwrite the outputs. Returns 0 or a code."""
        network = self.network
        bench.kpu.note(self.run_entry)
        bench.kpu.runs += 1
        # The run enters the ledger first, so that a test also sees a run that failed.
        try:
            results = network.run(x)
            outputs = self.output_buffers()
            for index in range(len(outputs)):
                _store(outputs[index], results[index])
        except EngineError as error:
            bench.uart.print("engine: %s" % error.reason)
            return error.code
        except Exception as error:
            bench.uart.print("engine: %s: %s" % (type(error).__name__, error))
            return 2008
        bench.block(self.run_ms())
        return 0

    def run_ms(self) -> int:
        """Return how many milliseconds one run takes."""
        return int(getattr(self.network, "run_ms", bench.kpu.run_ms))


def _store(buffer, values):
    # Copies into the same memory, so that every fmap shows the new run.
    if isinstance(buffer, bytearray):
        buffer[:] = bytes(values)[: len(buffer)]
        return
    # Engines return lists, arrays or raw bytes. The buffer keeps its type, because fmaps hold it.
    if not isinstance(values, array.array):
        if isinstance(values, (list, tuple)):
            values = array.array("f", values)
        else:
            values = array.array("f", bytes(values))
    count = len(buffer)
    buffer[:] = values if len(values) == count else values[:count]


def head_of(data):
    """Return the first bytes of a file: of a SparseFile its head, of any other all of it."""
    return getattr(data, "head", data)


def free_slot() -> int:
    """Return the number of the first free slot, or -1."""
    slots = bench.kpu.slots
    for index in range(len(slots)):
        if slots[index] is None:
            return index
    return -1


def drive_of(path: str):
    """Return (drive, path on it), or (None, path) when the path is on no mounted drive."""
    try:
        return vfs.resolve(path)
    except OSError:
        return (None, path)


def dropped(owner) -> None:
    """Note that a task or a classifier is gone: its memory stays until the next full collection finalises it."""
    if owner.generation == bench.generation:
        if sys.implementation.name != "cpython":
            finalise()  # MicroPython does not report collections, so the next dropped object finalises this one
        bench.kpu.dropped.append(owner)


def finalise() -> None:
    """Run the finalisers of the dropped objects as a collection does: each prints a line and frees its memory."""
    waiting = bench.kpu.dropped[:]
    bench.kpu.dropped.clear()
    for owner in waiting:
        owner.finalise()


def _collected(phase, info):
    if phase == "stop" and info["generation"] == 2 and bench.kpu.dropped:
        finalise()


if sys.implementation.name == "cpython":
    getattr(gc, "callbacks").append(_collected)  # noqa: B009  no such name on the board
