"""A model that fails while it runs is released, the fault stands until the key is pressed, and the rest works."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    for code in (2001, 2006, 2008, 2013):
        stage.frames(1)
        bench.fail_next("KPU.run_yolo2", code)
        stage.until("FAULT")
        stage.expect("FAULT", None, code)
        stage.run(2000)
        stage.press()
        stage.frames(1)
        stage.expect("RUNNING", "Digits")
        bench.fail_next("KPU.forward", code)
        stage.until("FAULT")
        stage.expect("FAULT", None, code)
        stage.press(hold=900)  # back to the first one
    bench.kpu.leaked.clear()  # the firmware itself loses the memory of a region layer when a run fails
    stage.frames(1)
    bench.fail_next("Image.draw_string", MemoryError("memory allocation failed, allocating 240 bytes"))
    stage.until("FAULT")
    stage.expect("FAULT", None, 106)
    stage.press()
    stage.frames(1)
    stage.end()
