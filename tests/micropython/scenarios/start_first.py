"""Power on with a card of three models: the first one loads, runs and finds its boxes."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    bench.kpu.boxes = [(80, 60, 100, 120, 0, 0.9), (-8, 200, 40, 100, 0, 0.55)]
    stage.frames(3)
    bench.kpu.boxes = []
    stage.frames(1)
    stage.run(2000)
    stage.expect("RUNNING", "Face")
    stage.end()
