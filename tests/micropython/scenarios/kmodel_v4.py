"""A kmodel v4 gets the shape of its outputs, from model.json or from its own head; old firmware refuses the file."""

import bench
from stage import Stage, card, new_format, say


def run():
    for outputs in ("[[20, 15, 30]]", ""):
        files = card()
        files.update(new_format(outputs))
        stage = Stage().start(files)
        stage.frames(1)
        stage.press(hold=900)
        bench.kpu.boxes = [(10, 10, 50, 50, 0, 0.75)]
        stage.frames(2)
        stage.expect("RUNNING", "New")
        say("set_outputs", bench.calls["KPU.set_outputs"])
        stage.end()
    files = card()
    files.update(new_format("[[20, 15, 35]]"))
    stage = Stage().start(files)
    stage.frames(1)
    stage.press(hold=900)
    stage.until("FAULT")
    stage.expect("FAULT", None, 2012)
    stage.end()
    files = card()
    files.update(new_format())
    stage = Stage().start(files, flavour="minimum")
    stage.frames(1)
    stage.press(hold=900)
    stage.until("FAULT")
    stage.expect("FAULT", None, 2002)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()
