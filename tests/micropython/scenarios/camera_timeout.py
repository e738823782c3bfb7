"""The camera stops in the middle: the model is released, and everything goes on when pictures come again."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    stage.frames(3)
    bench.camera.connected = False
    stage.until("FAULT")
    stage.expect("FAULT", None, 105)
    stage.run(10000)  # one try, and the next in a minute
    bench.camera.connected = True
    stage.run(60000)
    stage.frames(2)
    stage.expect("RUNNING", "Face")
    bench.fail_next("sensor.snapshot", RuntimeError("Sensor timeout!"))
    stage.until("FAULT")
    stage.expect("FAULT", None, 105)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()
