"""The hardware: camera, screen, keys, time, card. Only this and hal_*.py import the firmware's hardware modules.

It follows the sources of MaixPy v1 (and of CanMV, whose module Maix is called maix) and was never tried on a board.
"""

import lcd
import machine
import sensor
import uos
import utime
from fpioa_manager import fm

try:
    import Maix as maix
except ImportError:
    import maix

from device.buttons import QUIET_MS, Button
from device.errors import DeviceError
from device.text import ink, wrap

ticks = utime.ticks_ms  # wraps at 2**62 ms on this core: plain subtraction is enough
sleep = utime.sleep_ms
DUE = 1  # in the clocks of App and Link: the time in ms from which work other than frames is due
RING = 8  # edges noted between two polls: the firmware's scheduler queues no more callbacks

GPIO = maix.GPIO
heap_free = getattr(maix.utils, "heap_free", None)  # bytes above the topmost block of the system heap (models' heap)


def nothing(*_):
    """Do nothing: show() without a panel, report() without a listener."""


def idle():
    """Replace app.frame_path() while no model runs: wait a little, then let App.watch() run."""
    while True:
        sleep(20)
        yield True


def present(path):
    """Return whether the card answers.

    `path` need not exist, but it must lead through a folder, so that the firmware reads the card. The firmware may
    remember the whole root folder; then it says "no such file" even when the card is gone.
    """
    try:
        uos.stat(path)
    except OSError as e:
        # 2 (ENOENT) comes from the card itself. A socket without one gives 19, a card that was pulled gives 5.
        return e.args[0] == 2
    return True


def remount(root=None):
    """Mount the card in the socket, if there is one. With `root`, unmount first the card that is mounted there.

    Return whether a card is at `root`. The second core mounts, and allocates from our heap, so this waits meanwhile:
    0.3 s, or 0.9 s with `root`, for a slow card. Firmware before v0.6.2-41 mounts only at its start.
    """
    if hasattr(machine, "SDCard"):
        # The mounted card may be gone, while the firmware still remembers its root folder.
        if root and present(root):
            uos.umount(root)
        machine.SDCard.remount()  # a C function without a result: do not touch its value
        end = ticks() + (900 if root else 300)
        # Not one sleep: 2**32 ms (50 days) after power-on, sleep returns at once in a firmware without threads.
        while ticks() < end:
            sleep(100)
    return not root or present(root)


class Camera:
    """The camera, always 320x240 RGB565; a model gets a window of it, so that its buffers never move.

    ready: whether it has been started. again: when no camera answered, the time in ms of the next attempt: after twelve
    times as long as the last one took (about five seconds without a camera); pause: that time. A load without a camera
    postpones it, since somebody is using a key. window: the one that is set, None if that is unknown; see
    device/once/hal_window.py.
    """

    WIDTH = 320
    HEIGHT = 240

    def __init__(self, board, settings):
        self.snapshot = sensor.snapshot
        self.ready = False
        self.again = self.pause = 0
        self._choice = settings.get("choice", board.choice)
        self._flips = (settings.get("hmirror", board.hmirror), settings.get("vflip", board.vflip))
        self.window = None

    def start(self):
        """Find and start the camera; DeviceError 104 without one. This moves its buffers: never with a model loaded."""
        self.ready = False
        self.again = 0
        begun = ticks()
        try:
            if self._choice:
                sensor.reset(choice=self._choice)
            else:
                sensor.reset()
        except OSError as e:
            # Without a camera the firmware takes seconds, in which no key works: so the attempts must be rare.
            now = ticks()
            self.pause = (now - begun) * 12
            self.again = now + self.pause
            raise DeviceError(104, str(e))
        sensor.set_pixformat(sensor.RGB565)
        # Once, at full size: sensor.c sizes its buffers by the framesize and not by the window, so a window does not
        # move them. If these 375 KiB moved, they would leave a hole in which the next model does not fit.
        sensor.set_framesize(sensor.QVGA)
        self.window = (self.WIDTH, self.HEIGHT)
        for flip, value in zip((sensor.set_hmirror, sensor.set_vflip), self._flips):
            if value is not None:
                try:
                    flip(value)
                except ValueError:
                    print("this camera cannot flip")
        self.ready = True


class Screen:
    """The panel that hal_start.panel() has set up. Without one, width is 0: nothing is shown, and nothing fails."""

    def __init__(self):
        # lcd.width() is None before lcd.init(), and on a board without a panel.
        self.width = lcd.width() or 0
        self.height = lcd.height() or 0
        self.show = lcd.display if self.width else nothing

    def visible(self, width, height):
        """Return (x, y, w, h), the part of a picture that the panel shows: lcd.display() centres and crops."""
        w = min(width, self.width or width)
        h = min(height, self.height or height)
        return (width - w) // 2, (height - h) // 2, w, h

    def message(self, colour, heading, text, last=""):
        """Fill the panel with text: heading on `colour` (RGB565, bytes swapped), text, and `last` at the bottom."""
        if not self.width:
            return
        columns = self.width // 8
        pitch = 14 if min(self.width, self.height) > 200 else 12
        # lcd.draw_string skips rows that begin below the panel's unrotated width less 16. Before v0.6.2-18 it takes the
        # height for this; a firmware with SDCard is later.
        side = max if hasattr(machine, "SDCard") else min
        rows = min(self.height - 12, side(self.width, self.height) - 16) // pitch + 1
        # By position: the firmware accepts the keyword color and ignores it (py_lcd.c).
        lcd.clear(0)
        y = 0
        for line in wrap(heading, columns):
            # lcd colours only the cells of the text: the spaces extend the bar to the edge of the panel.
            lcd.draw_string(0, y, line + " " * (columns - len(line)), ink(colour), colour)
            y += pitch
        tail = wrap(last, columns) if last else []
        body = wrap(text, columns)
        for line in body[: rows - len(tail) - y // pitch]:
            if line:
                lcd.draw_string(0, y, line, 0xFFFF, 0)
            y += pitch
        y = (rows - len(tail)) * pitch
        for line in tail:
            lcd.draw_string(0, y, line, 0xE0FF, 0)
            y += pitch


class Keys:
    """The keys. rows: (pin, short, long), the events of each key. An interrupt sets clock[DUE] to 0: then call poll().

    The handler runs between bytecodes, or for all edges at once after a blocking call. It notes time and level, and
    allocates nothing. problem: what is wrong with a key, or "". polled: whether a key has no interrupt, so that poll()
    must be called after every frame.
    """

    def __init__(self, rows, clock):
        self.problem = ""
        # (button, read level, ring, GPIO object, handler); the firmware keeps no reference of its own
        self._keys = []
        self.polled = False
        for pin, short, long_ in rows:
            try:
                # GPIOHS only: irq() does nothing on other pins. fm.fpioa.GPIOHS0 is a function (24), GPIO.GPIOHS0 is 0.
                fm.register(pin, fm.fpioa.GPIOHS0 + len(self._keys))
                gpio = GPIO(GPIO.GPIOHS0 + len(self._keys), GPIO.IN, GPIO.PULL_UP)
                self._listen(gpio, Button(short, long_), clock)
            except (ValueError, TypeError) as e:
                self.problem = "key on pin %s: %s" % (pin, e)
            except BaseException:  # Ctrl-C, or a full heap
                self.close()
                raise

    def _listen(self, gpio, button, clock):
        read = gpio.value
        ring = [0] * (RING + 1)  # [count, time * 2 + level, ...]

        # A small integer has 63 bits on this core: time and level share one, so that nothing is allocated.
        def on_edge(_):
            n = ring[0]
            if n < RING:
                ring[0] = n = n + 1
                ring[n] = ticks() * 2 + read()
            clock[DUE] = 0

        # Before irq(): the firmware's pointer to the handler does not keep it from being collected.
        self._keys.append((button, read, ring, gpio, on_edge))
        try:
            gpio.irq(on_edge, GPIO.IRQ_BOTH)
        except (AttributeError, ValueError):
            self.polled = True

    def poll(self, now, post):
        """Look at every key; call post(event) for each gesture that is complete at `now` (ms).

        Return whether a key has moved within the last 250 ms: then call again soon.
        """
        busy = False
        for button, read, ring, _, _ in self._keys:
            i = 0
            # Read the count each time: an edge may come between two of these bytecodes.
            while i < ring[0]:
                i += 1
                event = button.edge(ring[i] & 1, ring[i] >> 1)
                if event:
                    post(event)
            ring[0] = 0
            # An edge just before that line is lost, but the pin itself still tells the level.
            event = button.sample(read(), now)
            if event:
                post(event)
            if button.quiet(now) < QUIET_MS:
                busy = True
        return busy

    def double(self, event):
        """Let a double press of the key that selects the next model give an event; None: give none."""
        for key in self._keys:
            if key[0].short == "NEXT":
                key[0].double = event

    def close(self):
        """Disarm the interrupts: they survive a soft reboot, and would then call into a heap that is gone."""
        for key in self._keys:
            key[3].disirq()
        del self._keys[:]
