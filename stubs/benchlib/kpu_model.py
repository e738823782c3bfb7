"""One loaded model: the loader's rules in the library's order, its memory, its outputs.

The order of checks and the sizes come from the disassembly of lib_sipeed_kpu (see README.md); nothing here is a
firmware name.
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
    """Return the engine in use."""
    if bench.kpu.engine is None:
        from benchlib.engine import ScriptedEngine

        bench.kpu.engine = ScriptedEngine()
    return bench.kpu.engine


def no_memory() -> int:
    """Log what the SDK's malloc logs, return 2006."""
    bench.uart.print("E (%d) SYSCALL: Out of memory" % (bench.clock.now * 400000))
    return 2006


class Model:
    """What one slot of the library holds."""

    def __init__(self, where):
        self.where = where
        self.id = 0
        self.network = None
        self.size = 0
        self.blocks = []  # system heap
        self.buffers = None  # one array('f') or bytearray per output, made at the first run that needs them
        self.shapes = {}  # output index -> (w, h, ch) from set_outputs
        self.yolo = None  # system heap block of the yolo arguments
        self.alive = True
        self.run_entry = ()
        self.generation = bench.generation  # of the board: a task of the board before last reset owns nothing

    def take(self, name: str, size: int) -> bool:
        """Get system heap for this model; False when there is none."""
        block = bench.memory.alloc(name, size)
        if block is None:
            return False
        self.blocks.append(block)
        return True

    def load(self, drive, path: str) -> int:
        """Load a file: 0 or the library's code; a failed load leaves nothing behind."""
        code = self._load(drive, path)
        if code:
            self.release()
        return code

    def _load(self, drive, path):
        # The order of these steps is the library's: with several faults at once the program sees the first code.
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
        # The size is checked before the time is spent: a file that is refused by its header costs no reading.
        bench.block(size // drive.bytes_per_ms)
        try:
            drive.touch()
        except OSError:
            return 2005
        return self.start(data, slot)

    def load_address(self, address: int) -> int:
        """Load from the flash chip: bench.kpu.flash holds what lies at which address."""
        slot = free_slot()
        if slot < 0:
            return 2009
        data = bench.kpu.flash.get(address)
        if data is None:
            return 2002  # whatever lies there is no model
        code = self.check(head_of(data), len(data))
        if not code:
            bench.block(len(data) // 8000)
            code = self.start(data, slot)
        if code:
            self.release()
        return code

    def check(self, head, size: int) -> int:
        """Classify by the first word, then check size, version and the room for the file itself."""
        first = word(head, 0)
        # The class of the file comes before its size: an encrypted file that is too large is still 2004.
        if first in ENCRYPTED:
            return 2004  # nothing here can decrypt; which code other boards see is not known
        if first not in (3, V4_MAGIC):
            return 2002
        if size < 1 or size > flavours.MODEL_LIMIT:
            return 2003
        # A build without v4 support does not know the magic. Its code is that of an unknown file, so the file
        # alone does not tell.
        if first == V4_MAGIC and not bench.flavour[flavours.V4]:
            return 2002
        self.size = size
        # The file buffer and the context come first; the main memory is taken by start(), after the file was read.
        for name, nbytes in flavours.need_parts(3 if first == 3 else 4, size, 0)[:2]:
            if not self.take(name, nbytes):
                return no_memory()
        return 0

    def start(self, data, slot):
        """The part after the file is in memory: header again, main memory, the engine."""
        head = head_of(data)
        first = word(head, 0)
        # The v3 loader accepts one architecture word only, and it looks once the file is in memory.
        if first == 3 and word(head, 8) != 0:
            return 2002
        # Newer kmodels keep the magic. The version is not compared, so the later layout is read as v4.
        if first == V4_MAGIC and word(head, 4) != 4:
            bench.hard_fault("kmodel v%d: its loader takes it for a v4, and copies 2 GiB" % word(head, 4))
        if not self.take("main memory", word(head, 20)):
            return no_memory()
        # Whatever the engine raises becomes a code, as the closed library never raises; the reason goes to the console.
        try:
            self.network = engine().load(data)
        except EngineError as error:
            bench.uart.print("engine: %s" % error.reason)
            return error.code
        except Exception as error:
            bench.uart.print("engine: %s: %s" % (type(error).__name__, error))
            return 2015
        # The slot is taken last: nothing before this line has to undo it.
        self.id = bench.kpu.next_id
        bench.kpu.next_id += 1
        bench.kpu.loads += 1
        bench.kpu.slots[slot] = self
        bench.kpu.note(("load", self.id, self.where))
        self.run_entry = ("run", self.id)
        return 0

    def release(self) -> None:
        """Give everything back: file buffer, main memory, slot, yolo arguments."""
        # A task may outlive bench.reset(). Its blocks belong to the old heap and must not be freed in the new one.
        if self.generation == bench.generation:
            for block in self.blocks:
                bench.memory.free_block(block)
            self.free_yolo()
        self.blocks = []
        self.yolo = None
        # A second release finds no slot of its own: another model may have taken it meanwhile.
        if self.alive:
            self.alive = False
            slots = bench.kpu.slots
            for index in range(len(slots)):
                if slots[index] is self:
                    slots[index] = None
        self.network = None
        self.buffers = None

    def free_yolo(self) -> None:
        if self.yolo is not None and self.generation == bench.generation:
            bench.memory.free_block(self.yolo)
        self.yolo = None

    def output_buffers(self):
        """Return the memory that fmaps look at."""
        if self.buffers is None:
            self.buffers = [
                array.array("f", bytearray(size // 4 * 4)) if typecode == "f" else bytearray(size)
                for size, _, typecode in self.network.outputs
            ]
        return self.buffers

    def run(self, x) -> int:
        """Run the network on planes or floats: 0 or a code; the outputs are overwritten."""
        network = self.network
        bench.kpu.note(self.run_entry)
        bench.kpu.runs += 1
        # The ledger has the run before it is tried: a test must see a run that failed, too.
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
        """Return the milliseconds one run takes."""
        return int(getattr(self.network, "run_ms", bench.kpu.run_ms))


def _store(buffer, values):
    # copy into the same memory, so that every fmap sees the new run
    if isinstance(buffer, bytearray):
        buffer[:] = bytes(values)[: len(buffer)]
        return
    # Engines answer with lists, with arrays or with raw bytes. The buffer keeps its type, since fmaps hold it.
    if not isinstance(values, array.array):
        if isinstance(values, (list, tuple)):
            values = array.array("f", values)
        else:
            values = array.array("f", bytes(values))
    count = len(buffer)
    buffer[:] = values if len(values) == count else values[:count]


def head_of(data):
    """Return the bytes at the start of a file, of a sparse one too."""
    return getattr(data, "head", data)


def free_slot() -> int:
    """Return the number of a free slot or -1."""
    slots = bench.kpu.slots
    for index in range(len(slots)):
        if slots[index] is None:
            return index
    return -1


def drive_of(path: str):
    """Return (drive, path inside) or (None, path) when nothing is mounted there."""
    try:
        return vfs.resolve(path)
    except OSError:
        return (None, path)


def dropped(model) -> None:
    """A task object is gone: its finaliser runs at the next full collection, until then the memory stays taken."""
    if model.generation == bench.generation:
        if sys.implementation.name != "cpython":
            finalise()  # MicroPython shows nobody its collections: the one before goes when the next is dropped
        bench.kpu.dropped.append(model)


def finalise() -> None:
    """Run the finalisers of dropped tasks, as a collection does: each prints, and frees what was never released."""
    waiting = bench.kpu.dropped[:]
    bench.kpu.dropped.clear()
    for model in waiting:
        bench.uart.print("kpu_net __del__")
        if model.alive:
            bench.kpu.note(("finalised", model.id))
            model.release()


def _collected(phase, info):
    if phase == "stop" and info["generation"] == 2 and bench.kpu.dropped:
        finalise()


if sys.implementation.name == "cpython":
    getattr(gc, "callbacks").append(_collected)  # noqa: B009  no such name on the board
