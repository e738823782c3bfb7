"""What stands on the small panel of an M5StickV, pixel for pixel: loading, a picture with a box, a fault, no card."""

import binascii

import bench
from stage import FACE, Stage, kmodel_v3, say

SMALL = FACE.replace("[320, 240, 3]", "[128, 96, 3]")


BLACK = bytes(128 * 96 * 2)


class Dark:
    """A lens with its cap on."""

    def grab(self, x, y, w, h, frame_w, frame_h, gray):
        return BLACK, b""


def picture(what):
    screen = bench.screen
    lit = 0
    for value in screen.canvas():
        if value:
            lit += 1
    if lit < 100:
        raise AssertionError("nothing on the screen")
    say(what, screen.width, screen.height, lit, "%08x" % binascii.crc32(screen.canvas()))


def run():
    files = {
        "models/1-face/model.json": SMALL,
        "models/1-face/face.kmodel": kmodel_v3((128, 96, 3), (4, 3, 30), size=300000),
        "models/2-huge/model.json": SMALL.replace("Face", "Huge"),
        "models/2-huge/face.kmodel": kmodel_v3((128, 96, 3), (4, 3, 30), size=5900000),
    }
    stage = Stage().power(files, settings='{"board": "m5stickv"}', panel=True)
    bench.camera.source = Dark()
    stage.boot()
    picture("loading")
    bench.kpu.boxes = [(20, 30, 60, 40, 0, 0.875)]
    stage.frames(2)
    picture("running")
    stage.press(36)
    stage.until("FAULT")
    stage.expect("FAULT", None, 2006)
    picture("fault")
    bench.card.eject()
    stage.until("NO_CARD")
    picture("no card")
    stage.end()
    picture("stopped")
