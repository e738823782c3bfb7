"""KpuSlot: the only owner of a KPU task. The chip's memory holds one model, so a load needs an empty slot."""

import gc

from device import forget
from device.errors import DeviceError


class KpuSlot:
    """Holds at most one model. loaded: its spec, or None. run(img) -> number of results; None without a model."""

    def __init__(self, kpu):
        self._kpu = kpu
        self._task = None
        self.loaded = None
        self.run = None

    def load(self, spec, results, prepare):
        """Load the model of `spec`; blocks for as long as the card takes. prepare: of its kind, see device/kinds.

        Raises what the firmware raises (errors.from_exception names it), and then the slot is empty again.
        DeviceError 199 while a model is loaded: deinit before load.
        """
        # The firmware itself would take up to five models (Maix_kpu.c), and fail much later for lack of memory.
        if self._task is not None:
            raise DeviceError(199, "load before unload")
        forget()  # drops the module of the kind, too: `prepare` keeps the parts that it needs
        try:
            self._task = self._kpu.load(spec)
            self.run = prepare(self._kpu, self._task, spec, results)
            self.loaded = spec
        finally:
            # An exception unloads nothing in the firmware, and prepare() may fail with the model in memory, or be
            # stopped by Ctrl-C.
            if self.loaded is None:
                self.unload()

    def unload(self):
        """Release the model, if there is one; return what the firmware raised, or None. Only Ctrl-C passes through."""
        task = self._task
        error = None
        try:
            if task is not None:
                self._kpu.unload(task)
        except BaseException as e:
            error = e
        try:
            if error:  # a full heap, or Ctrl-C at that moment: try again; otherwise the model may stay loaded
                self._kpu.unload(task)
        except Exception:
            pass  # the first error counts
        finally:
            # The last references go before the collection, so that the firmware's finaliser runs now and not in the
            # middle of the next load.
            self._task = self.loaded = self.run = None
            task = None
            gc.collect()
        if error and not isinstance(error, Exception):
            raise error
        return error
