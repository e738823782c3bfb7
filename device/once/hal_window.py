"""Makes the camera's pictures the input of a model; needed only while a model loads.

It follows MaixPy's sensor.c and was never tried on a board.
"""

import sensor

from device.errors import DeviceError
from device.hal import ticks


def fit(camera, width, height, channels):
    """Return (view width, view height, prepare) for a model's input; starts the camera if necessary.

    An RGB input of 128x96 to 320x240 in multiples of 8 is a window, and prepare is None. Any other input comes from
    the largest window of its shape: prepare(img) returns the image resized, grey for one channel, with its AI plane
    filled.
    Raises DeviceError 104 without a camera, 107 when the firmware refuses the window.
    """
    if not camera.ready:
        if camera.again:
            camera.again = ticks() + camera.pause
            raise DeviceError(104)
        camera.start()
    w = width
    h = height
    inside = 128 <= w <= camera.WIDTH and 96 <= h <= camera.HEIGHT and w % 8 == 0 and h % 8 == 0
    # The firmware rounds nothing: a side that is below 8 or not a multiple of 8 is a ValueError (sensor.c).
    if not inside:
        if w * camera.HEIGHT >= h * camera.WIDTH:
            w, h = camera.WIDTH, camera.WIDTH * h // w
        else:
            w, h = camera.HEIGHT * w // h, camera.HEIGHT
        w = max(w // 8 * 8, 8)
        h = max(h // 8 * 8, 8)
    if camera.window != (w, h):
        # If the firmware refuses, it is not known which window is set: the next model must set its own.
        camera.window = None
        try:
            accepted = sensor.set_windowing((w, h))
        except ValueError as e:
            raise DeviceError(107, str(e))
        # The firmware's own checks raise ValueError. When the sensor's driver refuses, it returns False (sensor.c).
        if accepted is False:
            raise DeviceError(107, "no window of %dx%d" % (w, h))
        camera.window = (w, h)
    if inside and channels == 3:
        return w, h, None

    def prepare(img):
        if not inside:
            img = img.resize(width, height)
        if channels == 1:
            # 1 makes a copy: without it, the firmware would turn the picture grey that is shown next.
            img = img.to_grayscale(1)
        # resize() leaves the AI plane empty, and the KPU reads nothing else (Maix_kpu.c).
        img.pix_to_ai()
        return img

    return w, h, prepare
