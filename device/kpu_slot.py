"""KpuSlot: the only owner of KPU tasks. The chip holds one entry of the card at a time: a load needs an empty slot."""

import gc

from device import forget, hal
from device.errors import DeviceError

V4_MORE = 6144  # bytes that the loader takes for a kmodel v4 beside file and main memory: 2.7 to 6.1 KB (v0.6.2-72)


class KpuSlot:
    """Holds at most one entry: a model and the models of its stages, one task each.

    loaded: the entry's spec, or None. run(img) -> number of results; None without a model.
    """

    def __init__(self, kpu):
        self._kpu = kpu
        self._tasks = ()
        self.loaded = None
        self.run = None

    def load(self, spec, results, prepare):
        """Load the models of `spec` in order; blocks for as long as the card takes. prepare: see device/kinds.

        Raises what the firmware raises (errors.from_exception names it), and then the slot is empty again.
        DeviceError 199 while a model is loaded: deinit before load.
        """
        # The firmware itself would take up to five models (Maix_kpu.c), and fail much later for lack of memory.
        if self._tasks:
            raise DeviceError(199, "load before unload")
        forget()  # drops the module of the kind, too: `prepare` keeps the parts that it needs
        parts = (spec,) + spec.stages
        try:
            # Its full length from the start: growing it could fail for lack of heap with a task in nobody's hands.
            self._tasks = tasks = [None] * len(parts)
            for at, part in enumerate(parts):
                # The loader for v4 does not notice that the main memory does not fit, and crashes the chip (seen with
                # five MaixPy images on the virtual K210).
                if part.main and hal.heap_free() < part.size + part.main + V4_MORE:
                    raise DeviceError(2006, "main memory")
                tasks[at] = self._kpu.load(part)
            self.run = prepare(self._kpu, tasks if spec.stages else tasks[0], spec, results)
            self.loaded = spec
        finally:
            # An exception unloads nothing in the firmware, and prepare() may fail with the model in memory, or be
            # stopped by Ctrl-C.
            if self.loaded is None:
                self.unload()

    def unload(self):
        """Release every task; return the first error that the firmware raised, or None. Only Ctrl-C passes through."""
        tasks = self._tasks
        error = None
        failed = False
        # From the last to the first, so that the system heap shrinks as it grew.
        while tasks:
            try:
                if tasks[-1] is not None:
                    self._kpu.unload(tasks[-1])
                failed = False
                tasks.pop()
            # A full heap, or Ctrl-C at that moment: try again; otherwise the model may stay loaded.
            except BaseException as e:
                error = error or e
                if failed:
                    tasks.pop()
                failed = not failed
        # The last references go before the collection, so that the firmware's finaliser runs now and not in the
        # middle of the next load.
        self._tasks = ()
        self.loaded = self.run = None
        gc.collect()
        if error and not isinstance(error, Exception):
            raise error
        return error
