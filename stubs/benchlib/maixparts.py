"""freq, utils and config of the Maix and maix modules (py_cpufreq.c, Maix_utils.c, Maix_config.c)."""

import bench
from benchlib.args import to_int


class freq:
    """The clocks. In the firmware set() stores them in /flash/freq.conf and restarts the chip."""

    @staticmethod
    def set(cpu: int = 0, pll1: int = 0, kpu_div: int = 0):
        """Set the clocks, in MHz, and restart the chip, even without a change. Raises OSError for a limit."""
        bench.enter("freq.set")
        # 0 keeps what was asked for last. The PLLs do not reach 400 MHz, which is asked for at first, and the firmware
        # compares what it asks for with what they reach: it restarts even for the clocks that it has.
        new_cpu = cpu or (400 if bench.frequencies[0] == 403 else bench.frequencies[0])
        new_kpu = (pll1 or 400) // (kpu_div or 1) if pll1 or kpu_div else bench.frequencies[1]
        for value in (cpu, pll1, kpu_div):
            to_int(value)
        if new_kpu > 600 or new_kpu < 26:
            raise OSError("Unsupported KPU frequency!")
        if new_cpu > 600 or new_cpu < 26:
            raise OSError("Unsupported CPU frequency!")
        # Simplified: clocks other than 400 MHz are reached exactly.
        bench.frequencies[0] = 403 if new_cpu == 400 else new_cpu
        bench.frequencies[1] = 398 if new_kpu == 400 else new_kpu
        bench.uart.print("\r\nreboot now\r\n")
        bench.chip_reset("freq.set")
        return True

    @staticmethod
    def get() -> tuple:
        """Return (CPU MHz, KPU MHz)."""
        return (bench.frequencies[0], bench.frequencies[1])

    @staticmethod
    def get_cpu() -> int:
        return bench.frequencies[0]

    @staticmethod
    def get_kpu() -> int:
        return bench.frequencies[1]


class old_utils:
    """utils as in v0.5.0, with the size of the Python heap only."""

    @staticmethod
    def gc_heap_size(*_size: int):
        """Return the size of the Python heap in bytes, or set it for the next start and return None."""
        bench.enter("utils.gc_heap_size")
        if not _size:
            return bench.next_gc_heap or bench.memory.gc_capacity
        if len(_size) != 1:
            raise TypeError("function expected at most 1 arguments, got %d" % len(_size))
        bench.next_gc_heap = _size[0]
        return None


class utils(old_utils):
    """Heap sizes and the flash chip."""

    @staticmethod
    def heap_free() -> int:
        """Return the bytes of system heap above the break; freed blocks below it do not count."""
        bench.enter("utils.heap_free")
        return bench.memory.above_break()

    @staticmethod
    def flash_read(_addr: int, _size: int) -> bytes:
        """Return _size bytes of the flash chip; bytes that no test put there are 0xFF."""
        bench.enter("utils.flash_read")
        for start, data in bench.kpu.flash.items():
            if start <= _addr < start + len(data):
                raw = bytes(data[_addr - start : _addr - start + _size])
                return raw + b"\xff" * (_size - len(raw))
        return b"\xff" * _size


class config:
    """The content of /flash/config.json, which is bench.reset(config=...)."""

    @staticmethod
    def get_value(_key, _default):
        """Return a section of the file, or the default."""
        table = bench.config
        return table.get(_key, _default) if isinstance(table, dict) else _default
