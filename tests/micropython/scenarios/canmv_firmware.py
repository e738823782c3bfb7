"""The same app on CanMV's firmware, whose KPU is an object: found by import alone, same detections, same faults."""

import bench
from stage import Stage, card, say, use_canmv

use_canmv()


def run():
    stage = Stage().start(card(), flavour="canmv")
    from device.once.setup import open_kpu

    say(open_kpu().NAME)
    bench.kpu.boxes = [(80, 60, 100, 120, 0, 0.9)]
    stage.frames(2)
    stage.expect("RUNNING", "Face")
    bench.kpu.boxes = []
    stage.frames(1)
    stage.press()
    bench.kpu.scores = [0.0, 0.0, 0.75, 0.25]
    stage.frames(2)
    stage.expect("RUNNING", "Digits")
    for call, what in (("maix.load_kmodel", 2006), ("maix.load_kmodel", 2002)):
        bench.fail_next(call, what)
        stage.press()
        stage.until("FAULT")
        stage.expect("FAULT", None, what)
        stage.press(hold=900)
        stage.frames(1)
    bench.fail_next("maix.run_with_output", 2008)
    stage.until("FAULT")
    stage.expect("FAULT", None, 2008)
    stage.press()
    stage.frames(1)
    stage.end()
    say(open_kpu().NAME)
