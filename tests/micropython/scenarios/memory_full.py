"""A model that fits one firmware and not another: the loader's own arithmetic gives 2006, and nothing is lost by it."""

import bench
from stage import Stage, card, kmodel_v3, say


def run():
    for flavour, fits in (("minimum_with_kmodel_v4_support", True), ("full", False)):
        files = card()
        files["models/1-face/face.kmodel"] = kmodel_v3(size=3000000)
        stage = Stage().start(files, flavour=flavour)
        for _ in range(3):
            stage.until("RUNNING" if fits else "FAULT")
            if not fits:
                stage.expect("FAULT", None, 2006)
            stage.press()
            stage.frames(1)
            free = bench.memory.free()
            stage.press(hold=900)
        stage.until("RUNNING" if fits else "FAULT")
        say("free beside the second model", free)
        stage.end()
