"""The watchdog, for settings that ask for one; without them this is never imported."""

import machine


class Watchdog:
    """Resets the chip when nobody feeds it for `ms`; the reset may come after half of that (machine_wdt.c)."""

    def __init__(self, ms):
        self._ms = max(ms, 4000)  # it is fed once a second
        self._dog = None

    def feed(self):
        """Arm it, or feed it: call this once a second."""
        # The object is kept, because the firmware keeps no reference of its own (machine_wdt.c).
        if self._dog:
            self._dog.feed()
        else:
            self._dog = machine.WDT(0, self._ms)

    def stop(self):
        """Disarm it until the next feed(): it survives a soft reboot, and nothing can feed it during a load."""
        if self._dog:
            self._dog.stop()
            self._dog = None
