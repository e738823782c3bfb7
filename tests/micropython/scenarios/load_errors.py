"""Every code with which the firmware can refuse a model shows, nothing stays loaded, and the key goes on."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    stage.frames(1)
    for code in range(2001, 2016):
        bench.fail_next("KPU.load", code)
        stage.press()
        stage.until("FAULT")
        stage.expect("FAULT", None, code)
        stage.run(1500)
        stage.expect("FAULT", None, code)
        stage.press()
        stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()
