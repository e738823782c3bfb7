"""No camera when the app starts: the fault says so, the key works, and the camera is taken when it is there."""

import bench
from stage import Stage, card


def run():
    stage = Stage().power(card())
    bench.camera.connected = False
    stage.boot()
    stage.until("FAULT")
    stage.expect("FAULT", None, 104)
    stage.run(5000)
    stage.press()
    stage.until("FAULT")
    stage.expect("FAULT", None, 104)
    bench.camera.connected = True
    stage.frames(2)
    stage.expect("RUNNING", "Digits")
    stage.end()
