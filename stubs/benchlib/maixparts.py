"""freq, utils and config of the Maix and maix modules (py_cpufreq.c, Maix_utils.c, Maix_config.c)."""

import bench


class freq:
    """The clocks. In the firmware set() stores them in /flash/freq.conf and restarts the chip."""

    @staticmethod
    def set(cpu: int = 0, pll1: int = 0, kpu_div: int = 0):
        """Set the clocks, in MHz, and restart the chip; None without a change. Raises OSError for a limit."""
        bench.enter("freq.set")
        now_cpu, now_kpu = bench.frequencies
        # 0 keeps a clock as it is.
        new_cpu = cpu or now_cpu
        new_kpu = (pll1 or 400) // (kpu_div or 1) if pll1 or kpu_div else now_kpu
        if new_kpu > 600 or new_kpu < 26:
            raise OSError("Unsupported KPU frequency!")
        # Simplified: the lowest CPU clock of the firmware is 26 MHz (mpconfigboard.h).
        if new_cpu > 600 or new_cpu < 40:
            raise OSError("Unsupported CPU frequency!")
        # Without a change the chip does not restart, so that a program may set its clocks at each start.
        if (new_cpu, new_kpu) == (now_cpu, now_kpu):
            bench.uart.print("No change\r\n")
            return None
        bench.frequencies[0] = new_cpu
        bench.frequencies[1] = new_kpu
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
            raise OSError(22)
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
