"""The loops that inside.py compares the app with, as the firmware's examples write them, and hollow firmware calls.

MicroPython v1.11 language.
"""


def bare_setup(size):
    """Do what a hand-written program does before its loop; return the task."""
    import KPU
    import lcd
    import sensor

    lcd.init()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.set_windowing(size)
    return KPU.load("/sd/models/a/a.kmodel")


def bare_boxes(frames, task):
    """The loop of a detector as the firmware's examples write it, drawing what the app draws."""
    import KPU
    import lcd
    import sensor

    bar = (0, 0, 320, 14)
    for _ in range(frames):
        img = sensor.snapshot()
        boxes = KPU.run_yolo2(task, img)
        if boxes:
            for box in boxes:
                img.draw_rectangle(box.x(), box.y(), box.w(), box.h(), 0xE007, 2, 0)
                img.draw_rectangle(box.x(), box.y(), 144, 24, 0xE007, 1, 1)
                img.draw_string(box.x(), box.y(), "face 90%", 0xFFFF, 2, 0, 0, 1)
        img.draw_rectangle(bar, 0, 1, 1)
        img.draw_string(0, 1, "Face 1/1 15fps", 0xFFFF, 1, 0, 0, 1)
        lcd.display(img)


def bare_classes(frames, task, softmax):
    """The loop of a classifier as the firmware's examples write it: the best class, drawn as the app draws three."""
    import math

    import KPU
    import lcd
    import sensor

    bar = (0, 0, 224, 14)
    for _ in range(frames):
        img = sensor.snapshot()
        values = KPU.forward(task, img)[:]
        best = max(values)
        values.index(best)
        if softmax:
            total = 0.0
            for value in values:
                total += math.exp(value - best)
            best = 1 / total
        for row in range(3):
            img.draw_rectangle(0, 134 + 30 * row, 224, 30, 0, 1, 1)
            img.draw_string(0, 134 + 30 * row, "thing 0000 50%", 0xFFFF, 2, 0, 0, 1)
            img.draw_rectangle(0, 159 + 30 * row, 112, 4, 0xE007, 1, 1)
        img.draw_rectangle(bar, 0, 1, 1)
        img.draw_string(0, 1, "Things 1/1 15fps", 0xFFFF, 1, 0, 0, 1)
        lcd.display(img)


class Hollow:
    """An Image whose methods do nothing."""

    def draw_rectangle(self, x, y=None, w=None, h=None, color=None, thickness=1, fill=False):
        pass

    def draw_string(self, x, y=None, text=None, color=None, scale=1.0, x_spacing=0, y_spacing=2, mono_space=0):
        pass


def hollow():
    """Put functions that do nothing in place of those that the firmware runs in C."""
    import KPU
    import lcd
    import micropython
    import sensor
    import utime

    img = Hollow()

    def snapshot():
        return img

    def run_yolo2(task, img):
        return None

    def display(img):
        pass

    sensor.snapshot = snapshot
    KPU.run_yolo2 = run_yolo2
    lcd.display = display
    utime.ticks_ms = micropython.opt_level  # in C as the firmware's, and always 0: no second is ever over
