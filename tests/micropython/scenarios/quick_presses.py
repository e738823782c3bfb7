"""Five quick presses skip four models: only the one at which the key comes to rest is loaded."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    stage.frames(1)
    loads = bench.kpu.loads
    for _ in range(5):
        stage.press(hold=60)
    if bench.kpu.loads != loads:
        raise AssertionError("a model was loaded between quick presses")
    stage.frames(1)
    stage.expect("RUNNING", "Things")
    if bench.kpu.loads != loads + 1:
        raise AssertionError("%d loads" % (bench.kpu.loads - loads))
    stage.end()
